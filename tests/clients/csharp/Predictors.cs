// Calls to predictors: spread over all of them, repeated when they say so, never longer than allowed.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Threading;
using System.Threading.Tasks;
using System.Web.Script.Serialization;

/// Why a call failed. Code is gRPC's name where it has one.
class Refusal : Exception
{
    public readonly string Code;

    public Refusal(string code, string message) : base(message)
    {
        Code = code;
    }
}

/// The labels of some rows, and who gave them.
class Answer
{
    public string[] Labels;
    public string Version;
    public string Predictor;
}

/// Predictors that serve the same models.
class Predictors
{
    const int Tries = 40;
    const int ReconnectsInARow = 5;

    readonly string[] addresses;
    readonly HttpClient http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
    readonly JavaScriptSerializer json = new JavaScriptSerializer { MaxJsonLength = int.MaxValue };
    int turn = -1;
    int retried;
    int reconnected;

    /// What one request may take.
    public TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    /// HOST:PORT, or https://HOST:PORT: over TLS, to whom the machine trusts.
    public Predictors(params string[] addresses)
    {
        this.addresses = addresses.Select(a => a.Contains("://") ? a : "http://" + a).ToArray();
        // .NET Framework opens two connections to a server, and asks before it sends a body.
        ServicePointManager.DefaultConnectionLimit = 16;
        ServicePointManager.Expect100Continue = false;
        // And by itself offers no TLS that is younger than 1.0.
        ServicePointManager.SecurityProtocol = SecurityProtocolType.Tls12;
        http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
    }

    public int Count { get { return addresses.Length; } }
    public int Retried { get { return retried; } }
    public int Reconnected { get { return reconnected; } }

    /// Every version that is loaded or shall be, and its state.
    public async Task<string[]> Index()
    {
        var models = (object[])(await Call("v2/repository/index", new byte[0], null)).Body;
        return models.Cast<Dictionary<string, object>>()
            .Select(m => string.Format("{0}@{1} {2}", m["name"], m["version"], m["state"]))
            .ToArray();
    }

    /// What a model takes; a reference is NAME, NAME@ALIAS or NAME@VERSION.
    public async Task<Model> Model(string reference)
    {
        var path = global::Model.PathOf(reference);
        var metadata = (Dictionary<string, object>)(await Call(path, null, null)).Body;
        return new Model(path, metadata);
    }

    /// Labels rows from begin to before end.
    public async Task<Answer> Predict(Model model, Table rows, int begin, int end)
    {
        int jsonBytes;
        var body = model.Request(json, rows, begin, end, out jsonBytes);
        var told = await Call(model.Path + "/infer", body, jsonBytes);
        var answer = (Dictionary<string, object>)told.Body;
        var outputs = ((object[])answer["outputs"]).Cast<Dictionary<string, object>>();
        var labels = (object[])outputs.Single(output => (string)output["name"] == "label")["data"];
        return new Answer
        {
            Labels = labels.Cast<string>().ToArray(),
            Version = answer["model_name"] + "@" + answer["model_version"],
            Predictor = told.Predictor,
        };
    }

    struct Told
    {
        public object Body;
        public string Predictor;
    }

    /// Calls one predictor after the other until one answers. A prediction changes nothing, so that it
    /// may be asked for again whatever became of the first time.
    async Task<Told> Call(string path, byte[] body, int? jsonBytes)
    {
        var bound = 10.0;
        var broken = 0;
        for (var attempt = 1; ; attempt++)
        {
            var predictor = addresses[(int)((uint)Interlocked.Increment(ref turn) % addresses.Length)];
            var pause = 0.0;
            try
            {
                using (var response = await Send(predictor, path, body, jsonBytes))
                {
                    var text = await response.Content.ReadAsStringAsync();
                    if (response.IsSuccessStatusCode)
                        return new Told { Body = json.DeserializeObject(text), Predictor = predictor };
                    var wait = RetryAfter(response);
                    if (wait == null || attempt == Tries)
                        throw Refused(response.StatusCode, text);
                    pause = wait.Value;
                    Interlocked.Increment(ref retried);
                }
            }
            catch (HttpRequestException)
            {
                if (++broken > ReconnectsInARow)
                    throw new Refusal("UNAVAILABLE", "no predictor can be reached");
                pause = 100 * broken;
                Interlocked.Increment(ref reconnected);
            }
            // A random part, so that those who were refused together do not come back together.
            await Task.Delay(TimeSpan.FromMilliseconds(pause + Random(bound)));
            bound = Math.Min(2 * bound, 500);
        }
    }

    async Task<HttpResponseMessage> Send(string predictor, string path, byte[] body, int? jsonBytes)
    {
        var method = body == null ? HttpMethod.Get : HttpMethod.Post;
        using (var request = new HttpRequestMessage(method, predictor + "/" + path))
        using (var limit = new CancellationTokenSource(TimeLimit))
        {
            if (body != null)
                request.Content = new ByteArrayContent(body);
            if (jsonBytes != null)
                request.Headers.Add("Inference-Header-Content-Length", jsonBytes.ToString());
            try
            {
                return await http.SendAsync(request, limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new Refusal("DEADLINE_EXCEEDED", "no answer within the time allowed");
            }
            // Mono lets these through as they are.
            catch (WebException error)
            {
                throw new HttpRequestException(error.Message, error);
            }
            catch (IOException error)
            {
                throw new HttpRequestException(error.Message, error);
            }
        }
    }

    /// Milliseconds after which a predictor wants to be asked again; null if it never does. Overload
    /// ends sooner than the whole seconds of Retry-After: retry-after-ms says it exactly.
    static double? RetryAfter(HttpResponseMessage response)
    {
        IEnumerable<string> exact;
        if (response.Headers.TryGetValues("retry-after-ms", out exact))
            return double.Parse(exact.First());
        var wait = response.Headers.RetryAfter;
        return wait == null || wait.Delta == null ? (double?)null : wait.Delta.Value.TotalMilliseconds;
    }

    Refusal Refused(HttpStatusCode status, string text)
    {
        var body = json.DeserializeObject(text) as Dictionary<string, object>;
        var message = body != null && body.ContainsKey("error") ? (string)body["error"] : "no reason told";
        return new Refusal(((int)status).ToString(), message);
    }

    static readonly Random random = new Random();

    static double Random(double most)
    {
        lock (random)
            return most * random.NextDouble();
    }
}
