//! Words of the synthetic maintenance notes: what a fitter might type, by trade.

/// One class of notes.
pub(super) struct Trade {
    /// Its label.
    pub(super) label: &'static str,
    /// How often it occurs, relative to the others: plants are not balanced either.
    pub(super) weight: u32,
    /// Words in English, with the plant's abbreviations.
    pub(super) english: Words,
    /// Words in Chinese.
    pub(super) chinese: Words,
}

/// What a note is put together from.
pub(super) struct Words {
    /// What is broken.
    pub(super) parts: &'static [&'static str],
    /// How it shows.
    pub(super) faults: &'static [&'static str],
    /// What was done.
    pub(super) repairs: &'static [&'static str],
}

/// Where it happened; says nothing about the trade.
pub(super) const PLACES: [&[&str]; 2] = [
    &[
        "press 3",
        "line 2",
        "CNC 14",
        "L4 filler",
        "conv 7",
        "robot cell B",
        "furnace 1",
        "mixer 2",
        "pkg line",
        "stn 40",
        "extruder 5",
        "palletizer",
    ],
    &[
        "3号压机",
        "二线",
        "14号机床",
        "灌装机",
        "7号输送线",
        "机器人B站",
        "1号炉",
        "2号搅拌机",
        "包装线",
        "40工位",
        "5号挤出机",
        "码垛机",
    ],
];

/// Symptoms and repairs that any trade may write.
pub(super) const ANYBODY: [Words; 2] = [
    Words {
        parts: &["unit", "machine", "drive end", "assy", "eqpt"],
        faults: &[
            "leaking",
            "overheating",
            "noisy",
            "intermittent fault",
            "tripped",
            "won't start",
            "slow cycle",
            "vibration",
            "stops at random",
            "alarm on HMI",
        ],
        repairs: &[
            "chkd ok",
            "monitor next shift",
            "replaced",
            "parts on order",
            "temp fix",
            "cleaned",
            "adj and tested",
            "reset, running",
        ],
    },
    Words {
        parts: &["设备", "整机", "驱动端", "总成"],
        faults: &[
            "泄漏",
            "过热",
            "异响",
            "偶发故障",
            "跳停",
            "无法启动",
            "节拍慢",
            "振动大",
            "报警",
        ],
        repairs: &[
            "已检查",
            "下班次观察",
            "已更换",
            "等待备件",
            "临时处理",
            "已清理",
            "调整后正常",
            "复位",
        ],
    },
];

/// The classes.
pub(super) const TRADES: [Trade; 6] = [
    Trade {
        label: "hydraulics",
        weight: 22,
        english: Words {
            parts: &[
                "hyd pump",
                "hyd cyl",
                "cyl seal",
                "prop valve",
                "hyd hose",
                "accumulator",
                "power pack",
                "relief vlv",
                "clamp cyl",
            ],
            faults: &[
                "oil leak",
                "low press",
                "rod drifts",
                "pump cavitating",
                "oil milky",
                "press drops",
            ],
            repairs: &[
                "new seal kit",
                "hose swapped",
                "topped up oil",
                "bled system",
                "reset relief press",
            ],
        },
        chinese: Words {
            parts: &[
                "液压泵",
                "液压缸",
                "油缸密封",
                "比例阀",
                "液压油管",
                "蓄能器",
                "液压站",
                "溢流阀",
            ],
            faults: &["漏油", "压力低", "油缸下滑", "泵吸空", "油液乳化", "掉压"],
            repairs: &["更换密封圈", "更换油管", "补油", "排气", "重新调压"],
        },
    },
    Trade {
        label: "electrical",
        weight: 24,
        english: Words {
            parts: &[
                "VFD",
                "mtr",
                "contactor",
                "MCB",
                "24V PSU",
                "ctrl cabinet",
                "e-stop relay",
                "servo amp",
                "cable chain",
            ],
            faults: &[
                "overcurrent",
                "earth fault",
                "fuse blown",
                "phase loss",
                "loose terminal",
                "mtr tripped",
            ],
            repairs: &[
                "new fuse",
                "retightened terminals",
                "swapped contactor",
                "replaced cable",
                "param reload",
            ],
        },
        chinese: Words {
            parts: &[
                "变频器",
                "电机",
                "接触器",
                "断路器",
                "电源模块",
                "控制柜",
                "急停继电器",
                "伺服驱动器",
            ],
            faults: &["过流", "接地故障", "熔丝烧断", "缺相", "端子松动", "电机跳闸"],
            repairs: &["更换熔丝", "紧固端子", "更换接触器", "更换电缆", "重载参数"],
        },
    },
    Trade {
        label: "drives",
        weight: 18,
        english: Words {
            parts: &[
                "brg",
                "gbx",
                "chain",
                "V-belt",
                "coupling",
                "spindle brg",
                "ball screw",
                "shaft",
                "idler roll",
            ],
            faults: &[
                "brg noise",
                "vib high",
                "belt slip",
                "backlash",
                "seized",
                "misaligned",
                "chain stretched",
            ],
            repairs: &[
                "new brg",
                "greased",
                "re-tensioned belt",
                "laser aligned",
                "gbx oil changed",
            ],
        },
        chinese: Words {
            parts: &["轴承", "减速机", "链条", "三角带", "联轴器", "主轴轴承", "滚珠丝杠", "托辊"],
            faults: &["轴承异响", "振动超标", "皮带打滑", "间隙大", "卡死", "不对中", "链条松"],
            repairs: &["更换轴承", "加注润滑脂", "张紧皮带", "激光对中", "更换齿轮油"],
        },
    },
    Trade {
        label: "pneumatics",
        weight: 14,
        english: Words {
            parts: &[
                "air cyl", "FRL", "sol vlv", "vac cup", "ejector", "gripper", "air line",
                "manifold",
            ],
            faults: &[
                "air leak",
                "low press",
                "cyl sticks",
                "no vac",
                "water in air",
                "slow stroke",
            ],
            repairs: &[
                "new fitting",
                "replaced vac cup",
                "drained FRL",
                "swapped sol vlv",
                "new seal kit",
            ],
        },
        chinese: Words {
            parts: &["气缸", "三联件", "电磁阀", "吸盘", "真空发生器", "夹爪", "气管", "阀岛"],
            faults: &["漏气", "压力低", "气缸卡滞", "无真空", "气中带水", "动作慢"],
            repairs: &["更换接头", "更换吸盘", "三联件排水", "更换电磁阀", "更换密封圈"],
        },
    },
    Trade {
        label: "sensors",
        weight: 14,
        english: Words {
            parts: &[
                "prox sw",
                "photo eye",
                "press xmtr",
                "thermocouple",
                "encoder",
                "load cell",
                "flow mtr",
                "level sw",
            ],
            faults: &[
                "no signal",
                "reads low",
                "drifts",
                "dirty lens",
                "signal drops",
                "out of cal",
                "false trigger",
            ],
            repairs: &[
                "recal",
                "realigned eye",
                "cleaned lens",
                "replaced sensor",
                "new connector",
            ],
        },
        chinese: Words {
            parts: &[
                "接近开关",
                "光电开关",
                "压力变送器",
                "热电偶",
                "编码器",
                "称重传感器",
                "流量计",
                "液位开关",
            ],
            faults: &["无信号", "读数偏低", "漂移", "镜面脏", "信号丢失", "超差", "误触发"],
            repairs: &["重新标定", "重新对光", "擦拭镜面", "更换传感器", "更换插头"],
        },
    },
    Trade {
        label: "cooling",
        weight: 12,
        english: Words {
            parts: &[
                "chiller",
                "clg pump",
                "cooling fan",
                "heat exch",
                "coolant tank",
                "clg tower",
                "oil cooler",
            ],
            faults: &[
                "coolant leak",
                "low flow",
                "temp high",
                "fan noise",
                "scale in exch",
                "low level",
                "pump noisy",
            ],
            repairs: &["flushed exch", "refilled coolant", "cleaned filter", "new fan", "descaled"],
        },
        chinese: Words {
            parts: &["冷水机", "冷却泵", "冷却风扇", "换热器", "冷却液箱", "冷却塔", "油冷器"],
            faults: &["冷却液泄漏", "流量低", "温度高", "风扇异响", "结垢", "液位低", "泵异响"],
            repairs: &["冲洗换热器", "补冷却液", "清洗过滤器", "更换风扇", "除垢"],
        },
    },
];
