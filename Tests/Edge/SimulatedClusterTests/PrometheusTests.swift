import Clockwork
import HTTPTransport
import HTTPTypes
import KubeModel
import SimulatedCluster
import SimulatedTime
import StrictJSON
import Testing

@Suite("The simulated Prometheus") struct PrometheusTests {
    static let errorRate: String = """
        sum(rate(http_requests_total{job="my-app",status=~"5.."}[5m]))
        /
        sum(rate(http_requests_total{job="my-app"}[5m]))
        """

    @Test func answersTheErrorRateOfTheTrafficThatThereIs() throws {
        try GatewayTests.withRoute { cluster, clock in
            let prometheus = try cluster.addPrometheus()
            prometheus.setErrorRate(0.002, ofImage: "v1")
            prometheus.setErrorRate(0.08, ofImage: "web:v2")
            prometheus.script(.containing("job=\"my-app\""), .errorRate(of: .route(webRoute, rule: 0)))
            try await cluster.waitUntil { $0.reported() == 1 }
            try await cluster.sleep(.seconds(600))
            let before = try #require(try await ask(cluster, Self.errorRate).first)
            #expect((0.001...0.003).contains(before))
            try await cluster.apply(route(50, 50))
            try await cluster.waitUntil { $0.reported() == 2 }
            // Half of the window: half of the way to (0.002 + 0.08) / 2.
            try await cluster.sleep(.seconds(150))
            let halfway = try #require(try await ask(cluster, Self.errorRate).first)
            #expect((0.019...0.024).contains(halfway))
            try await cluster.sleep(.seconds(150))
            let after = try #require(try await ask(cluster, Self.errorRate).first)
            #expect((0.037...0.045).contains(after))
            #expect(prometheus.questions.count == 3)
        }
    }

    @Test func countsUnreachableRequestsAsFailed() throws {
        try GatewayTests.withRoute(weights: (0, 100)) { cluster, _ in
            let prometheus = try cluster.addPrometheus()
            prometheus.script(.containing("my-app"), .errorRate(of: .route(webRoute, rule: 0)))
            try await cluster.waitUntil { $0.reported() == 1 }
            await cluster.setReadiness(false) { $0.revision == "h2" }
            try await cluster.sleep(.seconds(300))
            let rates = try await ask(cluster, Self.errorRate)
            #expect(rates == [1])
        }
    }

    @Test func hasNoSampleWithoutErrorsUnlessTheQueryAsksForZero() throws {
        try GatewayTests.withRoute { cluster, _ in
            let prometheus = try cluster.addPrometheus()
            prometheus.setErrorRate(0, ofImage: nil)
            prometheus.script(.containing("my-app"), .errorRate(of: .route(webRoute, rule: 0)))
            try await cluster.waitUntil { $0.reported() == 1 }
            try await cluster.sleep(.seconds(60))
            let without = try await ask(cluster, Self.errorRate)
            #expect(without == [])
            let with = try await ask(cluster, "(\(Self.errorRate)) or vector(0)")
            #expect(with == [0])
        }
    }

    static let scripts: [(text: String, status: Int, body: String)] = [
        ("0.5", 200, #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1772359200,"0.5"]}]}}"#),
        ("3", 200, #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1772359200,"3"]}]}}"#),
        ("empty", 200, #"{"status":"success","data":{"resultType":"vector","result":[]}}"#),
        ("nan", 200, #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1772359200,"NaN"]}]}}"#),
        ("inf", 200, #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1772359200,"+Inf"]}]}}"#),
        ("error", 500, #"{"status":"error","errorType":"internal","error":"scripted failure"}"#),
        ("bad", 200, "<html>not json</html>"),
        (
            "vec:1,2", 200,
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"series":"0"},"value":[1772359200,"1"]},{"metric":{"series":"1"},"value":[1772359200,"2"]}]}}"#
        ),
    ]

    @Test(arguments: scripts) func answersAsItsScriptSays(text: String, status: Int, body: String) throws {
        try simulate { cluster, _ in
            let answer = try #require(ScriptedAnswer(text: text))
            try cluster.addPrometheus().script(.exactly("m"), answer)
            let (found, bytes) = try await post(cluster, "query=m")
            #expect(found == status)
            #expect(String(decoding: bytes, as: UTF8.self) == body)
        }
    }

    @Test(arguments: ["", "vec:1,x", "slow:2", "fast", "slow:x:1"]) func refusesScriptsThatMeanNothing(text: String) {
        if let answer = ScriptedAnswer(text: text) { Issue.record("\(text) was read as \(answer)") }
    }

    @Test func answersOncePerQueryAndThenRepeatsTheLast() throws {
        try simulate { cluster, _ in
            try cluster.addPrometheus().script(.exactly("m"), [.value(1), .empty, .value(2)])
            var answers: [[Double]] = []
            for _ in 0..<4 { answers.append(try await ask(cluster, "m")) }
            #expect(answers == [[1], [], [2], [2]])
        }
    }

    @Test func matchesTheLastScriptFirstAndKnowsNothingElse() throws {
        try simulate { cluster, _ in
            let prometheus = try cluster.addPrometheus()
            prometheus.script(.containing("m"), .value(1))
            prometheus.script(.satisfying { $0.hasPrefix("mm") }, .value(2))
            let answers = try await [ask(cluster, "m"), ask(cluster, "mm"), ask(cluster, "up")]
            #expect(answers == [[1], [2], []])
        }
    }

    @Test func refusesConnections() throws {
        try simulate { cluster, _ in
            let prometheus = try cluster.addPrometheus()
            prometheus.script(.exactly("m"), .refused)
            await #expect(throws: TransportError.couldNotConnect(host: "prometheus", cause: "Connection refused")) {
                try await post(cluster, "query=m")
            }
            prometheus.setDown(true)
            await #expect(throws: TransportError.self) { try await post(cluster, "query=up") }
        }
    }

    @Test func takesItsTimeAndTheClientLosesPatience() throws {
        try simulate { cluster, clock in
            try cluster.addPrometheus().script(.exactly("m"), .slow(.seconds(20), 7))
            let start = clock.now
            let answer = try await ask(cluster, "m")
            #expect(answer == [7])
            #expect(clock.now - start == .seconds(20))
            await #expect(throws: TransportError.timedOut(.total)) { try await post(cluster, "query=m", patience: .seconds(5)) }
            #expect(clock.now - start == .seconds(25))
        }
    }

    @Test func answersRangesAndComputedValues() throws {
        try simulate { cluster, clock in
            try cluster.addPrometheus().script(.exactly("m"), .computed { [Double($0.at.secondsSince1970 % 100)] })
            let start = clock.now.secondsSince1970
            let form = "query=m&start=\(start)&end=\(start + 30)&step=15s"
            let (status, bytes) = try await post(cluster, form, path: "/api/v1/query_range")
            #expect(status == 200)
            let values = try JSONValue(parsing: bytes).at("data", "result")?[0]?["values"]?.arrayValue ?? []
            #expect(values.compactMap { $0[1]?.stringValue } == ["0", "15", "30"])
        }
    }

    @Test func sameSeedSameNoise() throws {
        func noise(_ seed: UInt64) throws -> [Double] {
            try simulate(seed: seed, settings: punctual) { cluster, _ in
                let prometheus = try cluster.addPrometheus()
                prometheus.script(.containing("m"), .errorRate(of: .service(ObjectKey(namespace: "default", name: "web"))))
                try await cluster.apply(service("web"))
                try await cluster.apply(replicaSet(replicas: 2))
                var values: [Double] = []
                for _ in 0..<5 {
                    try await cluster.sleep(.seconds(60))
                    values += try await ask(cluster, "m[5m]")
                }
                return values
            }
        }
        let first = try noise(3)
        #expect(first.count == 5)
        #expect(Set(first).count > 1)
        #expect(try noise(3) == first)
        #expect(try noise(4) != first)
    }
}

func post(
    _ cluster: SimulatedCluster, _ form: String, path: String = "/api/v1/query", patience: Duration = .seconds(30)
) async throws(TransportError) -> (status: Int, body: [UInt8]) {
    let response = try await cluster.transport.send(TransportRequest(
        method: .post, url: "http://prometheus:9090" + path, headers: [.contentType: "application/x-www-form-urlencoded"],
        body: Array(form.utf8), timeouts: .request(total: patience)))
    return (response.status, try await response.body.collect(upTo: 1 << 20))
}

/// The samples that a query is answered with.
func ask(_ cluster: SimulatedCluster, _ query: String) async throws -> [Double] {
    let (_, body) = try await post(cluster, "query=" + percentEncoded(query))
    let result = try JSONValue(parsing: body).at("data", "result")?.arrayValue ?? []
    return result.compactMap { $0["value"]?[1]?.stringValue.flatMap { Double($0) } }
}
