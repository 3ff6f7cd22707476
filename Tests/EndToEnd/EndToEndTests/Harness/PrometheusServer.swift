import CurlTransport
import StrictJSON

/// A real Prometheus that scrapes the exporter each second.
struct PrometheusServer: Sendable {
    let port: Int
    private let daemon: Daemon
    private let transport: CurlTransport

    static func start(_ program: String, scraping target: Int, folder: String, transport: CurlTransport) async throws -> PrometheusServer {
        try makeFolder("\(folder)/prometheus")
        try writeFile("\(folder)/prometheus/prometheus.yml", """
            global:
              scrape_interval: 1s
            scrape_configs:
            - job_name: exporter
              honor_labels: true
              static_configs:
              - targets: ['127.0.0.1:\(target)']

            """)
        let port: Int = try freePort()
        let daemon = try Daemon("prometheus", program, [
            "--config.file=\(folder)/prometheus/prometheus.yml", "--storage.tsdb.path=\(folder)/prometheus/data",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
        ], environment: processEnvironment(), folder: folder)
        return PrometheusServer(port: port, daemon: daemon, transport: transport)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Waits until it has scraped twice: a rate needs two samples.
    func waitUntilItKnowsRates() async throws {
        try await eventually("Prometheus has scraped the exporter", showing: { tail(daemon.log) }) {
            if let ending = daemon.ending { throw CommandFailure("Prometheus ended with \(ending)\n\(tail(daemon.log))") }
            return try? await sample("sum(rate(http_requests_total[5s]))")
        }
    }

    /// The only sample of a query's answer; nil while there is none.
    func sample(_ query: String) async throws -> Double? {
        let escaped: String = query.utf8.reduce(into: "") { text, byte in
            let hex = String(byte, radix: 16)
            text += "%\(hex.count == 1 ? "0" : "")\(hex)"
        }
        let answer: JSONValue = try JSONValue(parsing: try await fetch("\(url)/api/v1/query?query=\(escaped)", transport: transport).body)
        return answer.at("data", "result")?[0]?["value"]?[1]?.stringValue.flatMap(Double.init)
    }

    /// How many queries it has answered, as it counts them itself.
    func queriesAnswered() async throws -> Int {
        let page: String = try await fetch("\(url)/metrics", transport: transport).body
        return page.split(separator: "\n").filter { $0.hasPrefix("prometheus_http_requests_total{") && $0.contains("\"/api/v1/query\"") }
            .reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "0") ?? 0) }
    }

    func stop() async throws { try await daemon.stop() }
}
