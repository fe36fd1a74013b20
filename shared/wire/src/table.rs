//! Formats of tables.

use millwright_domain::{
    DecimalMark, Encoding, Fault, FormatHints, Header, TableFormat, Thousands,
};
use millwright_proto::trainer as pb;

use crate::{FromWire, ToWire, WireError, convert::parse};

impl ToWire for TableFormat {
    type Wire = pb::TableFormat;

    fn to_wire(&self) -> pb::TableFormat {
        pb::TableFormat {
            encoding: self.encoding.to_string(),
            delimiter: self.delimiter.to_string(),
            decimal: self.decimal.as_char().to_string(),
            thousands: self.thousands.map(String::from).unwrap_or_default(),
            missing: self.missing.clone(),
            no_header: self.header == Header::Absent,
        }
    }
}

impl FromWire for TableFormat {
    type Wire = pb::TableFormat;

    fn from_wire(wire: pb::TableFormat) -> Result<Self, WireError> {
        Ok(Self {
            encoding: parse("encoding", &wire.encoding)?,
            delimiter: parse("delimiter", &wire.delimiter)?,
            decimal: decimal(&wire.decimal)?,
            thousands: match thousands(&wire.thousands)? {
                Thousands::None => None,
                Thousands::Mark(mark) => Some(mark),
            },
            missing: wire.missing,
            header: header(wire.no_header),
        })
    }
}

impl ToWire for FormatHints {
    type Wire = pb::FormatHints;

    fn to_wire(&self) -> pb::FormatHints {
        let thousands = |thousands| match thousands {
            Thousands::None => String::new(),
            Thousands::Mark(mark) => mark.to_string(),
        };
        pb::FormatHints {
            encoding: self.encoding.map(|encoding| encoding.to_string()),
            delimiter: self.delimiter.map(String::from),
            decimal: self.decimal.map(|mark| mark.as_char().to_string()),
            thousands: self.thousands.map(thousands),
            missing: self.missing.clone().map(|tokens| pb::MissingTokens { tokens }),
            no_header: self.header.map(|header| header == Header::Absent),
        }
    }
}

impl FromWire for FormatHints {
    type Wire = pb::FormatHints;

    fn from_wire(wire: pb::FormatHints) -> Result<Self, WireError> {
        let encoding = wire.encoding.map(|name| parse::<Encoding>("encoding", &name));
        let delimiter = wire.delimiter.map(|mark| parse("delimiter", &mark));
        let hints = Self {
            encoding: encoding.transpose()?,
            delimiter: delimiter.transpose()?,
            decimal: wire.decimal.map(|mark| decimal(&mark)).transpose()?,
            thousands: wire.thousands.map(|mark| thousands(&mark)).transpose()?,
            missing: wire.missing.map(|missing| missing.tokens),
            header: wire.no_header.map(header),
        };
        match hints.check().map_err(|error| error.violation()) {
            Err(Some(violation)) => Err(WireError::new(violation.field, violation.description)),
            _ => Ok(hints),
        }
    }
}

fn decimal(mark: &str) -> Result<DecimalMark, WireError> {
    match mark {
        "." => Ok(DecimalMark::Point),
        "," => Ok(DecimalMark::Comma),
        _ => Err(WireError::new("decimal", "must be . or ,")),
    }
}

fn thousands(mark: &str) -> Result<Thousands, WireError> {
    if mark.is_empty() {
        Ok(Thousands::None)
    } else {
        parse("thousands", mark).map(Thousands::Mark)
    }
}

fn header(is_absent: bool) -> Header {
    if is_absent { Header::Absent } else { Header::Present }
}
