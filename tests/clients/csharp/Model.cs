// What a model takes, and a request that holds it.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Web.Script.Serialization;

/// A model, as its metadata describes it.
class Model
{
    public readonly string Path;
    readonly List<Dictionary<string, object>> inputs;

    public Model(string path, Dictionary<string, object> metadata)
    {
        Path = path;
        inputs = ((object[])metadata["inputs"]).Cast<Dictionary<string, object>>().ToList();
    }

    /// Where a model is that is referred to as NAME, NAME@ALIAS or NAME@VERSION.
    public static string PathOf(string reference)
    {
        var parts = reference.Split(new[] { '@' }, 2);
        var path = "v2/models/" + Uri.EscapeDataString(parts[0]);
        return parts.Length == 1 ? path : path + "/versions/" + Uri.EscapeDataString(parts[1]);
    }

    /// The body of a request for rows from begin to before end: JSON, its length in jsonBytes, and the
    /// numbers behind it as bytes. Numbers may be missing, NaN, which JSON cannot say.
    public byte[] Request(JavaScriptSerializer json, Table rows, int begin, int end, out int jsonBytes)
    {
        var binary = new MemoryStream();
        var writer = new BinaryWriter(binary);
        var tensors = inputs.Select(input => Tensor(input, rows, begin, end, writer)).ToArray();
        var request = new Dictionary<string, object>
        {
            { "inputs", tensors },
            { "outputs", new[] { new { name = "label" } } },
        };
        var head = new UTF8Encoding(false).GetBytes(json.Serialize(request));
        jsonBytes = head.Length;
        return head.Concat(binary.ToArray()).ToArray();
    }

    Dictionary<string, object> Tensor(
        Dictionary<string, object> input, Table rows, int begin, int end, BinaryWriter binary)
    {
        var name = (string)input["name"];
        // A single input takes all columns of the file, in their order; of several, each takes its own.
        var columns = inputs.Count == 1 ? rows.Columns : new[] { name };
        var cells = rows.Cells(columns, begin, end);
        var isText = (string)input["datatype"] == "BYTES";
        var isMatrix = ((object[])input["shape"]).Length > 1;
        var tensor = new Dictionary<string, object>
        {
            { "name", name },
            { "datatype", isText ? "BYTES" : "FP64" },
            { "shape", isMatrix ? new[] { end - begin, columns.Length } : new[] { end - begin } },
        };
        if (isText)
            tensor["data"] = cells;
        else
            tensor["parameters"] = new { binary_data_size = WriteNumbers(cells, binary) };
        return tensor;
    }

    /// Little-endian, as BinaryWriter writes on every machine; how many bytes that are.
    static int WriteNumbers(string[] cells, BinaryWriter binary)
    {
        foreach (var cell in cells)
            binary.Write(Table.Number(cell));
        return cells.Length * sizeof(double);
    }
}
