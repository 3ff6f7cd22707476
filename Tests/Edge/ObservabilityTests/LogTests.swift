import Clockwork
import Logging
import Observability
import StrictJSON
import Synchronization
import Testing

/// A clock that stands still.
struct StoppedClock: ControlClock {
    typealias Duration = Swift.Duration
    var now = Timestamp(secondsSince1970: 1_772_359_200)
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {}
}

/// What was logged.
final class Lines: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    var writer: LogSink.Writer { { line in self.bytes.withLock { $0 += line } } }
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}

@Suite("A log line") struct LogTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var message: Logger.Message
        var metadata: Logger.Metadata
        var text: String
        var json: String

        init(_ name: String, _ message: Logger.Message, _ metadata: Logger.Metadata = [:], text: String, json: String) {
            testDescription = name
            self.message = message
            self.metadata = metadata
            self.text = text
            self.json = json
        }
    }

    static let cases: [Case] = [
        Case(
            "has time, level and message, and quotes what is no plain word", "Started syncing rollout",
            ["namespace": "shop", "rollout": "check-out.v2", "step": "1/3", "empty": ""],
            text: #"time="2026-03-01T10:00:00Z" level=info msg="Started syncing rollout" empty="" namespace=shop rollout=check-out.v2 step=1/3"#,
            json: #"{"time":"2026-03-01T10:00:00Z","level":"info","msg":"Started syncing rollout","empty":"","namespace":"shop","rollout":"check-out.v2","step":"1/3"}"#),
        Case(
            "leaves a single word bare", "Healthy", text: #"time="2026-03-01T10:00:00Z" level=info msg=Healthy"#,
            json: #"{"time":"2026-03-01T10:00:00Z","level":"info","msg":"Healthy"}"#),
        Case(
            "stays one line whatever is in it", "a\nb\tc \"d\" \\ \u{1B}[31m ü", ["key": "x=y"],
            text: #"time="2026-03-01T10:00:00Z" level=info msg="a\nb\tc \"d\" \\ \u001b[31m ü" key="x=y""#,
            json: #"{"time":"2026-03-01T10:00:00Z","level":"info","msg":"a\nb\tc \"d\" \\ \u001b[31m ü","key":"x=y"}"#),
        Case(
            "keeps its own three keys", "x", ["msg": "y", "time": "z"],
            text: #"time="2026-03-01T10:00:00Z" level=info msg=x fields.msg=y fields.time=z"#,
            json: #"{"time":"2026-03-01T10:00:00Z","level":"info","msg":"x","fields.msg":"y","fields.time":"z"}"#),
        Case(
            "prints lists, and objects in the order of their keys", "x", ["l": ["a", "b"], "m": ["z": "1", "a": "2"]],
            text: #"time="2026-03-01T10:00:00Z" level=info msg=x l="[a, b]" m="{a: 2, z: 1}""#,
            json: #"{"time":"2026-03-01T10:00:00Z","level":"info","msg":"x","l":"[a, b]","m":"{a: 2, z: 1}"}"#),
    ]

    @Test(arguments: cases) func isWritten(_ c: Case) throws {
        for (format, expected) in [(LogFormat.text, c.text), (.json, c.json)] {
            let lines = Lines()
            let sink = LogSink(format: format, clock: StoppedClock(), writer: lines.writer)
            sink.logger("test").info(c.message, metadata: c.metadata)
            #expect(lines.text == expected + "\n")
            if format == .json { _ = try JSONValue(parsing: lines.text) }
        }
    }

    @Test("names the levels as logrus does", arguments: [
        (Logger.Level.debug, "debug"), (.info, "info"), (.notice, "info"), (.warning, "warning"), (.error, "error"), (.critical, "fatal"),
    ]) func level(_ level: Logger.Level, _ word: String) {
        let lines = Lines()
        LogSink(level: .trace, clock: StoppedClock(), writer: lines.writer).logger("test").log(level: level, "x")
        #expect(lines.text.contains(" level=\(word) "))
    }

    @Test("is not written below the level, which can be changed for loggers that are in use") func levelChanges() {
        let lines = Lines()
        let sink = LogSink(level: .warning, clock: StoppedClock(), writer: lines.writer)
        var logger = sink.logger("test")
        logger.info("one")
        sink.level = .debug
        logger.debug("two")
        sink.level = .error
        logger.warning("three")
        logger.logLevel = .info
        logger.info("four")
        #expect(!lines.text.contains("one") && lines.text.contains("two") && !lines.text.contains("three") && lines.text.contains("four"))
    }

    static let secrets: [(text: String, shown: String)] = [
        ("401 for Authorization: Bearer eyJhbGciOi.payload-part_x.sig==", "401 for Authorization: Bearer <redacted>"),
        ("basic canary, bearer of news", "basic canary, bearer of news"),
        ("proxy http://eva:s3cret@proxy:3128/x?y=1 refused", "proxy http://<redacted>@proxy:3128/x?y=1 refused"),
        ("mail to ops@example.com about https://example.com/@x", "mail to ops@example.com about https://example.com/@x"),
        ("the token hunter22 is hunter2", "the token <redacted> is <redacted>"),
    ]

    @Test("never shows a secret", arguments: secrets) func hides(_ text: String, _ shown: String) {
        let lines = Lines()
        let sink = LogSink(clock: StoppedClock(), writer: lines.writer)
        sink.hide("hunter2")
        sink.hide("hunter22")
        // So short a text is no secret, but part of many words.
        sink.hide("x")
        sink.logger("test").info("\(text)", metadata: ["error": "\(text)", "apiToken": "abcdef"])
        #expect(lines.text == "time=\"2026-03-01T10:00:00Z\" level=info msg=\"\(shown)\" apiToken=\"<redacted>\" error=\"\(shown)\"\n")
    }
}
