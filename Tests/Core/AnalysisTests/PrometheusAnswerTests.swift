import Expression
import StrictJSON
import Testing

@testable import Analysis

@Suite("An answer of Prometheus") struct PrometheusAnswerTests {
    static let samples: [(body: String, result: ExpressionValue, text: String)] = [
        (#"{"status":"success","data":{"resultType":"scalar","result":[1435781451.781,"1"]}}"#, .float(1), "1"),
        (#"{"status":"success","data":{"resultType":"vector","result":[]}}"#, .floats([]), "[]"),
        (#"{"status":"success","data":{"resultType":"vector","result":null}}"#, .floats([]), "[]"),
        (#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"0.004"]}]}}"#, .floats([0.004]), "[0.004]"),
        (#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"3"]},{"metric":{},"value":[1,"1e-9"]},{"metric":{},"value":[1,"+Inf"]}]}}"#,
            .floats([3, 1e-9, .infinity]), "[3,0.000000001,+Inf]"),
        (#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"2"]]},{"metric":{},"values":[[1,"3"]],"histograms":[[1,{}]]}]}}"#,
            .floats([1, 2, 3]), "[1,2,3]"),
    ]

    @Test(arguments: samples.indices) func isRead(_ index: Int) {
        let row = Self.samples[index]
        #expect(PrometheusAnswer(status: 200, body: Array(row.body.utf8)) == .sample(MetricSample(result: row.result, text: row.text), warnings: ""))
    }

    @Test func keepsNaN() throws {
        let body = #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}}"#
        guard case .sample(let sample, _) = PrometheusAnswer(status: 200, body: Array(body.utf8)), case .floats(let numbers) = sample.result else {
            Issue.record("expected a vector")
            return
        }
        #expect(numbers.count == 1 && numbers[0].isNaN)
        #expect(sample.text == "[NaN]")
    }

    @Test func bringsItsWarnings() {
        let body = #"{"status":"success","warnings":["a","b \"c\""],"data":{"resultType":"scalar","result":[1,"1"]}}"#
        guard case .sample(_, let warnings) = PrometheusAnswer(status: 200, body: Array(body.utf8)) else {
            Issue.record("expected a scalar")
            return
        }
        #expect(warnings == #""a", "b \"c\"""#)
    }

    static let failures: [(status: Int, body: String, message: String)] = [
        (200, #"{"status":"error","errorType":"execution","error":"query timed out"}"#, "execution: query timed out"),
        (400, #"{"status":"error","errorType":"bad_data","error":"parse error at char 3"}"#, "bad_data: parse error at char 3"),
        (422, #"{"status":"error","errorType":"execution","error":"many-to-many"}"#, "execution: many-to-many"),
        (404, "not found", "client_error: client error: 404"),
        (401, "", "client_error: client error: 401"),
        (503, "{}", "server_error: server error: 503"),
        (302, "", "bad_response: bad response code 302"),
        (200, #"{"status":"success","data":{"resultType":"string","result":[1,"a"]}}"#, "Prometheus metric type not supported"),
        (200, #"{"status":"success"}"#, "bad_response: the answer has no data.resultType or no data.result"),
        (200, #"[]"#, "bad_response: the answer has no status; this is not Prometheus' query API"),
        (200, #"{"status":"success","data":{"resultType":"scalar","result":[1,"many"]}}"#, #"bad_response: data.result: "many" is no number"#),
        (200, #"{"status":"success","data":{"resultType":"scalar","result":[1,"1e400"]}}"#, #"bad_response: data.result: "1e400" is no number"#),
        (200, #"{"status":"success","data":{"resultType":"scalar","result":[1,5]}}"#, "bad_response: data.result is no pair of a time and a quoted number"),
        (200, #"{"status":"success","data":{"resultType":"vector","result":{}}}"#, "bad_response: data.result is object, a list is needed"),
        (200, #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}"#, "bad_response: data.result[0].value is no pair of a time and a quoted number"),
    ]

    @Test("R31: an answer without numbers is a failure that says so", arguments: failures.indices) func orIsAFailure(_ index: Int) {
        let row = Self.failures[index]
        #expect(PrometheusAnswer(status: row.status, body: Array(row.body.utf8)) == .failure(row.message))
    }

    @Test(arguments: ["", "<html>", #"{"status":"success","data":{"resultType":"vec"#, "\u{0}"])
    func thatIsNoJSONIsABadResponse(_ body: String) {
        guard case .failure(let message) = PrometheusAnswer(status: 200, body: Array(body.utf8)) else {
            Issue.record("expected a failure")
            return
        }
        #expect(message.hasPrefix("bad_response: the answer is no JSON"))
    }

    @Test func nativeHistogramsAreRefused() {
        let body = #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"3"}]}]}}"#
        guard case .failure(let message) = PrometheusAnswer(status: 200, body: Array(body.utf8)) else {
            Issue.record("expected a failure")
            return
        }
        #expect(message.hasPrefix("native histograms are not supported"))
    }

    /// No text may stop the process, whatever a server sends.
    @Test func anyMutationIsAnAnswer() {
        var random = seeded(0x5EED)
        for row in Self.samples {
            let bytes = Array(row.body.utf8)
            for _ in 0..<300 {
                var mutated = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    mutated[Int.random(in: mutated.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                _ = PrometheusAnswer(status: 200, body: Array(mutated.prefix(Int.random(in: 0...mutated.count, using: &random))))
            }
        }
    }
}
