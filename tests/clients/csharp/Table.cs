// The rows of a file, and the arguments that name it.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;

/// The rows of a CSV file without quotes.
class Table
{
    public readonly string[] Columns;
    readonly List<string[]> rows;

    public Table(string path)
    {
        var lines = File.ReadAllLines(path);
        Columns = lines.First().Split(',');
        rows = lines.Skip(1).Select(line => line.Split(',')).ToList();
    }

    public int Count { get { return rows.Count; } }

    /// The cells of some columns, row after row.
    public string[] Cells(string[] columns, int begin, int end)
    {
        var places = columns.Select(Place).ToArray();
        return rows.Skip(begin).Take(end - begin)
            .SelectMany(row => places.Select(place => row[place]))
            .ToArray();
    }

    /// The number in a cell; an empty one is missing.
    public static double Number(string cell)
    {
        return cell == "" ? double.NaN : double.Parse(cell, CultureInfo.InvariantCulture);
    }

    int Place(string column)
    {
        var place = Array.IndexOf(Columns, column);
        if (place < 0)
            throw new Refusal("--rows", "the file has no column " + column);
        return place;
    }
}

/// What the program is told.
class Arguments
{
    public string[] Predictors;
    public string Model;
    public Table Rows;
    public string Out;
    public string Busy;
    public string Silent;

    public static Arguments Read(string[] given)
    {
        var values = new Dictionary<string, string>();
        for (var i = 0; i + 1 < given.Length; i += 2)
            values[given[i]] = given[i + 1];
        Func<string, string> optional = name => values.ContainsKey(name) ? values[name] : null;
        Func<string, string> needed = name =>
        {
            if (!values.ContainsKey(name))
                throw new Refusal(name, "must be given");
            return values[name];
        };
        return new Arguments
        {
            Predictors = needed("--predictors").Split(','),
            Model = needed("--model"),
            Rows = Readable("--rows", needed("--rows")),
            Out = optional("--out"),
            Busy = optional("--busy"),
            Silent = optional("--silent"),
        };
    }

    static Table Readable(string name, string path)
    {
        try
        {
            return new Table(path);
        }
        catch (IOException error)
        {
            throw new Refusal(name, error.Message);
        }
    }
}
