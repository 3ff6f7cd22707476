import SchemaModel

extension Field {
    /// Where a metric comes from: one member per provider.
    static let provider = Field(
        "provider",
        .object([
            prometheus, web, job, cloudWatch, datadog, graphite, influxdb, kayenta, newRelic, skywalking, wavefront,
            Field("plugin", .anyObject, "Settings of a provider that is not built in, by its name."),
        ]),
        "Where the metric comes from. Exactly one member is set.")

    private static let headers = Field(
        "headers", .list(of: .object([Field("key", .string, "Name."), Field("value", .string, "Value.")])), "Headers of the request.")

    private static let authentication = Field(
        "authentication",
        .object([
            Field("basicAuth", .object([Field("password", .string), Field("username", .string)]), "User name and password."),
            Field(
                "oauth2",
                .object([
                    Field("clientId", .string), Field("clientSecret", .string), Field("scopes", .list(of: .string)),
                    Field("tokenUrl", .string, "Where tokens are issued."),
                ]), "Client credentials; a token is fetched for each measurement."),
            Field(
                "sigv4", .object([Field("profile", .string), Field("region", .string), Field("roleArn", .string)]),
                "Signature for Prometheus-compatible services of AWS."),
        ]), "How to identify to the server.")

    private static let prometheus = Field(
        "prometheus",
        .object([
            Field("address", .string, "URL of the server."),
            authentication,
            headers,
            Field("insecure", .boolean, "Accept any TLS certificate.", assumed: false),
            Field("query", .string, "Query in PromQL."),
            Field(
                "rangeQuery",
                .object([
                    Field("end", .string, "Expression for the end of the range."),
                    Field("start", .string, "Expression for the start of the range."),
                    Field("step", .string, "Distance of samples, a duration."),
                ]), "Ask for a range instead of an instant."),
            Field("timeout", .int64, "Seconds to wait for an answer.", assumed: 30),
        ]), "A query to a Prometheus-compatible server.")

    private static let web = Field(
        "web",
        .object([
            authentication,
            Field("body", .string, "Body of the request, as text."),
            headers,
            Field("insecure", .boolean, "Accept any TLS certificate.", assumed: false),
            Field("jsonBody", .anyObject, "Body of the request, as JSON."),
            Field("jsonPath", .string, "Part of the answer that is the result.", assumed: "{$}"),
            Field("method", .string, "GET, POST or PUT.", assumed: "GET"),
            Field("timeoutSeconds", .int64, "Seconds to wait for an answer.", assumed: 10),
            Field("url", .string, "URL to ask."),
        ]), "An HTTP request whose answer is JSON.")

    private static let job = Field(
        "job",
        .object([
            extraMetadata("metadata", "Labels and annotations of the Job."),
            Field("spec", .anyObject, "Specification of the Job, as in batch/v1."),
        ]), "A Job that succeeds or fails.")

    private static let cloudWatch = Field(
        "cloudWatch",
        .object([
            Field("interval", .string, "How far to look back, a duration.", assumed: "5m"),
            Field(
                "metricDataQueries",
                .list(
                    of: .object([
                        Field("expression", .string), Field("id", .string), Field("label", .string),
                        Field(
                            "metricStat",
                            .object([
                                Field(
                                    "metric",
                                    .object([
                                        Field("dimensions", .list(of: .object([Field("name", .string), Field("value", .string)]))),
                                        Field("metricName", .string), Field("namespace", .string),
                                    ])),
                                Field("period", .intOrString), Field("stat", .string), Field("unit", .string),
                            ])),
                        Field("period", .intOrString), Field("returnData", .boolean),
                    ])), "Queries as in CloudWatch's GetMetricData."),
        ]), "A query to AWS CloudWatch.")

    private static let datadog = Field(
        "datadog",
        .object([
            Field("aggregator", .string, "How samples become one number: avg, min, max, sum, last, percentile, mean, l2norm or area."),
            Field("apiVersion", .string, "v1 or v2.", stored: "v1"),
            Field("formula", .string, "Formula over the named queries."),
            Field("interval", .string, "How far to look back, a duration.", stored: "5m"),
            Field("queries", .map(of: .string), "Named queries for the formula."),
            Field("query", .string, "Single query."),
            Field("requestTimeout", .string, "How long to wait for an answer, a duration.", stored: "10s"),
            Field(
                "secretRef",
                .object([Field("name", .string), Field("namespaced", .boolean, "Whether it is in the namespace of the run.")]),
                "Secret with address and keys."),
        ]), "A query to Datadog.")

    private static let graphite = Field(
        "graphite", .object([Field("address", .string, "URL of the server."), Field("query", .string, "Target to render.")]),
        "A query to Graphite.")

    private static let influxdb = Field(
        "influxdb",
        .object([Field("profile", .string, "Secret with address and token.", assumed: "influxdb"), Field("query", .string, "Query in Flux.")]),
        "A query to InfluxDB.")

    private static let kayenta: Field = {
        let scope: FieldType = .object([
            Field("end", .string), Field("region", .string), Field("scope", .string), Field("start", .string), Field("step", .int64),
        ])
        return Field(
            "kayenta",
            .object([
                Field("address", .string, "URL of the server."), Field("application", .string), Field("canaryConfigName", .string),
                Field("configurationAccountName", .string), Field("lookback", .boolean), Field("metricsAccountName", .string),
                Field("scopes", .list(of: .object([Field("controlScope", scope), Field("experimentScope", scope), Field("name", .string)]))),
                Field("storageAccountName", .string),
                Field("threshold", .object([Field("marginal", .int64), Field("pass", .int64)]), "Scores needed."),
            ]), "A judgement by Kayenta.")
    }()

    private static let newRelic = Field(
        "newRelic",
        .object([
            Field("profile", .string, "Secret with account and key.", assumed: "newrelic"), Field("query", .string, "Query in NRQL."),
            Field("timeout", .int64, "Seconds to wait for an answer.", assumed: 5),
        ]), "A query to New Relic.")

    private static let skywalking = Field(
        "skywalking",
        .object([
            Field("address", .string, "URL of the server."), Field("interval", .string, "How far to look back, a duration."),
            Field("query", .string, "Query in GraphQL."),
        ]), "A query to SkyWalking.")

    private static let wavefront = Field(
        "wavefront", .object([Field("address", .string, "Host of the service."), Field("query", .string, "Query.")]), "A query to Wavefront.")
}
