// Predicts the rows of a file with predictors of a running Millwright, over REST: for software on .NET
// Framework, which cannot speak gRPC. What it takes and prints: ../README.md.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;

static class PlantClient
{
    const int RowsPerRequest = 8;
    const int RequestsAtOnce = 4;

    static int Main(string[] arguments)
    {
        try
        {
            Run(Arguments.Read(arguments)).Wait();
            return 0;
        }
        catch (AggregateException errors)
        {
            return Told(errors.Flatten().InnerExceptions.First());
        }
        catch (Exception error)
        {
            return Told(error);
        }
    }

    static int Told(Exception error)
    {
        var refusal = error as Refusal;
        Console.Error.WriteLine("error: {0}: {1}", refusal == null ? "CLIENT" : refusal.Code, error.Message);
        return 1;
    }

    static async Task Run(Arguments arguments)
    {
        var rows = arguments.Rows;
        // docs: begin
        var predictors = new Predictors(arguments.Predictors);
        var models = await predictors.Index();
        var model = await predictors.Model(arguments.Model);
        var answer = await predictors.Predict(model, rows, 0, 3);
        // docs: end
        Console.WriteLine("models: {0}", string.Join(", ", models));
        Console.WriteLine("predicted: {0} rows by {1}: {2}",
            answer.Labels.Length, answer.Version, string.Join(", ", answer.Labels));
        await AllRows(predictors, model, rows, arguments.Out);
        await Spread(predictors, model, rows);
        if (arguments.Busy != null)
            await Overloaded(new Predictors(arguments.Busy), model, rows);
        if (arguments.Silent != null)
            await Late(new Predictors(arguments.Silent), model, rows);
    }

    /// Labels all rows, a few requests at the same time, and counts the labels.
    static async Task AllRows(Predictors predictors, Model model, Table rows, string file)
    {
        var chunks = Enumerable.Range(0, (rows.Count + RowsPerRequest - 1) / RowsPerRequest);
        var labels = new string[rows.Count];
        var waiting = new Queue<int>(chunks.Select(chunk => chunk * RowsPerRequest));
        Func<Task> work = async () =>
        {
            while (true)
            {
                int begin;
                lock (waiting)
                {
                    if (waiting.Count == 0)
                        return;
                    begin = waiting.Dequeue();
                }
                var end = Math.Min(begin + RowsPerRequest, rows.Count);
                var answer = await predictors.Predict(model, rows, begin, end);
                answer.Labels.CopyTo(labels, begin);
            }
        };
        await Task.WhenAll(Enumerable.Range(0, RequestsAtOnce).Select(_ => Task.Run(work)));
        if (file != null)
            File.WriteAllText(file, string.Concat(labels.Select(label => label + "\n")));
        var counts = labels.GroupBy(label => label).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.Key + " " + group.Count());
        Console.WriteLine("streamed: {0} rows: {1}; reopened {2} times",
            labels.Length, string.Join(", ", counts), predictors.Reconnected);
    }

    /// Calls until every predictor has answered.
    static async Task Spread(Predictors predictors, Model model, Table rows)
    {
        var until = DateTime.UtcNow.AddSeconds(60);
        var answered = new HashSet<string>();
        while (answered.Count < predictors.Count && DateTime.UtcNow < until)
            answered.Add((await predictors.Predict(model, rows, 0, 1)).Predictor);
        Console.WriteLine("predictors: {0} of {1} answered", answered.Count, predictors.Count);
    }

    /// Sends more than the queue takes, until one call at least was told to come again.
    static async Task Overloaded(Predictors busy, Model model, Table rows)
    {
        for (var round = 0; round < 20 && busy.Retried == 0; round++)
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => busy.Predict(model, rows, 0, 5)));
        Console.WriteLine("overloaded: 3 calls answered after {0} retries", busy.Retried);
    }

    /// Calls whoever never answers.
    static async Task Late(Predictors silent, Model model, Table rows)
    {
        silent.TimeLimit = TimeSpan.FromMilliseconds(500);
        var outcome = "answered";
        try
        {
            await silent.Predict(model, rows, 0, 1);
        }
        catch (Refusal refusal)
        {
            outcome = refusal.Code;
        }
        Console.WriteLine("deadline: {0}", outcome);
    }
}
