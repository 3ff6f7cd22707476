import Clockwork
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

/// Texts of users, mangled: whatever comes of them, it is an answer or an error.
@Suite("A mangled text") struct HostileTextTests {
    /// Some bytes of a text changed, left out, or taken from another place of it or of a list of what such texts are made of.
    private func mangled(_ text: String, _ pieces: [String], _ random: inout SeededGenerator) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0...scalars.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: scalars.insert(contentsOf: pieces.randomElement(using: &random)?.unicodeScalars.map(\.self) ?? [], at: at)
            case 1: if at < scalars.count { scalars.remove(at: at) }
            default:
                let end = min(scalars.count, at + Int.random(in: 0...6, using: &random))
                scalars.insert(contentsOf: scalars[at..<end], at: Int.random(in: 0...scalars.count, using: &random))
            }
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    @Test(arguments: UInt64(0)..<20) func isAnAnswerOrAnErrorOfJSONPath(_ seed: UInt64) throws {
        var random = seeded(seed)
        let pieces = [
            "{", "}", "[", "]", "[?(", ")]", "..", ".", "*", "'", "\"", "\\", ",", ":", "-", "@", "$", " ", "==", "<", "range", "end", "9223372036854775807",
            "-9223372036854775808", "1e9", "\u{FFFF}", "é", "\n", "true", "0", "::0", "[*]",
        ]
        var answers = 0
        for _ in 0..<300 {
            guard let row = (JSONPathTests.rows + JSONPathTests.more).randomElement(using: &random) else { continue }
            let source = mangled(row.path, pieces, &random)
            // What comes of it is looked at; both ends are fine.
            guard let path = try? JSONPath(source) else { continue }
            _ = WebAnswer(status: 200, body: Array(row.body.utf8), path: path)
            answers += 1
        }
        #expect(answers > 20, "most are to be paths still")
    }

    @Test(arguments: UInt64(0)..<5) func isATimeOrAnError(_ seed: UInt64) throws {
        var random = seeded(seed)
        let pieces = ["now()", "duration(\"5m\")", "date('2026-03-01')", "(", ")", "+", "-", "'", "\"", " ", "9223372036854775807h", "date('9999-12-31')", "é"]
        var times = 0
        for _ in 0..<500 {
            let text = mangled("now() - duration(\"1h\") + (date('2026-03-01 10:00:00') - now())", pieces, &random)
            if (try? QueryRange.instant(text, now: start)) != nil { times += 1 }
        }
        #expect(times > 0)
    }

    @Test(arguments: UInt64(0)..<5) func isAPolicyOrAnError(_ seed: UInt64) throws {
        var random = seeded(seed)
        let text = #"{"m":{"noData":"wait","waitAtMost":"5m","afterWait":"pass","minimumSamples":5,"samplesQuery":"x","failures":"2 of 5","confirm":true}}"#
        var problems: [FieldProblem] = []
        let metric = AnalysisMetric(AnalysisTests.metric(), at: "spec.metrics[0]", &problems)
        var errors = 0
        for _ in 0..<300 {
            let changed = mangled(text, ["{", "}", "\"", ":", ",", "-1", "99999999999999999999", "null", "[]", "of", " "], &random)
            do throws(AnalysisProblem) { _ = try policies(of: [metric], annotation: changed, arguments: [:]) } catch {
                #expect(error.message.hasPrefix("annotation sluice/analysis: "))
                errors += 1
            }
        }
        #expect(errors > 20)
    }

    /// The answers of Prometheus, cut anywhere.
    @Test("R31: a truncated answer is a failure, wherever it was cut") func isAFailureOfPrometheus() {
        let answer = Array(#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1435781451.781,"0.5"]}]}}"#.utf8)
        for length in 0..<answer.count {
            guard case .failure(let message) = PrometheusAnswer(status: 200, body: Array(answer.prefix(length))) else {
                Issue.record("an answer of \(length) bytes was read")
                continue
            }
            #expect(message.hasPrefix("bad_response: "))
        }
    }
}
