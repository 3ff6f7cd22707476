import ControllerProcess
import KubeClient
import Observability
import Testing

@Suite("The controller's flags") struct FlagTests {
    private static func flags(_ change: (inout ControllerFlags) -> Void) -> ControllerFlags {
        var flags = ControllerFlags()
        change(&flags)
        return flags
    }

    static let cases: [(arguments: [String], flags: ControllerFlags)] = [
        ([], ControllerFlags()),
        (["--namespaced"], flags { $0.isNamespaced = true }),
        (["--namespaced=false", "--leader-elect=false"], flags { $0.electsLeader = false }),
        (["--leader-elect=F", "--namespaced=T"], flags { $0.electsLeader = false; $0.isNamespaced = true }),
        (["--instance-id", "new", "--loglevel=warn", "--logformat", "json"], flags { $0.instanceID = "new"; $0.logLevel = .warning; $0.logFormat = .json }),
        (["--logformat="], ControllerFlags()),
        (["--controllers=analysis"], flags { $0.onlyAnalysis = true }),
        (["--qps=100", "--burst", "200", "--rollout-threads=50", "--analysis-threads=1"], flags {
            $0.requestsPerSecond = 100; $0.requestBurst = 200; $0.rolloutWorkers = 50; $0.analysisRunWorkers = 1
        }),
        (["--analysis-no-data=inconclusive"], flags { $0.noData = .inconclusive }),
        (["--analysis-no-data=wait=15m"], flags { $0.noData = .wait(atMost: .seconds(900), then: .inconclusive) }),
        (["--metricsport=1", "--healthzPort=0", "--bind-address=127.0.0.1"], flags { $0.metricsPort = 1; $0.healthPort = 0; $0.bindAddress = "127.0.0.1" }),
        (["--metricsPort=0", "--healthzPort=0"], flags { $0.metricsPort = 0; $0.healthPort = 0 }),
        (["--leader-election-lease-duration=1m", "--leader-election-renew-deadline=40s", "--leader-election-retry-period=500ms"], flags {
            $0.leaseDuration = .seconds(60); $0.leaseRenewDeadline = .seconds(40); $0.leaseRetryPeriod = .milliseconds(500)
        }),
        (["-n", "shop", "-s=https://api:6443", "--token=t"], flags {
            $0.connection.namespace = "shop"; $0.connection.server = "https://api:6443"; $0.connection.token = "t"
        }),
        (["-nshop"], flags { $0.connection.namespace = "shop" }),
        (["--as-group=a,b", "--as=eva", "--as-group=c"], flags { $0.connection.impersonation = Impersonation(user: "eva", groups: ["a", "b", "c"]) }),
        (["--request-timeout=5", "--insecure-skip-tls-verify"], flags { $0.requestTimeout = .seconds(5); $0.connection.insecureSkipVerify = true }),
        (["--request-timeout=1m"], flags { $0.requestTimeout = .seconds(60) }),
        (["--request-timeout=0", "--disable-compression"], ControllerFlags()),
        (["--version"], flags { $0.printsVersion = true }),
        (["-h"], flags { $0.printsHelp = true }),
        // As the chart passes them: nothing to complain of.
        (["--healthzPort=8080", "--metricsPort=8090", "--loglevel=info", "--logformat=text", "--kloglevel=0"], ControllerFlags()),
        (["--alb-ingress-classes=alb,custom", "--alb-ingress-classes=more", "--aws-verify-target-group", "--rollout-resync=900"], flags {
            $0.ignored = ["--alb-ingress-classes", "--aws-verify-target-group"]
        }),
    ]

    @Test(arguments: cases) func areRead(_ arguments: [String], _ expected: ControllerFlags) throws {
        #expect(try ControllerFlags(parsing: arguments) == expected)
    }

    /// Every flag of Argo Rollouts' controller, with a value that it takes.
    static let known: [String] = [
        "--namespaced", "--instance-id=x", "--controllers=analysis", "--rollout-resync=60", "--qps=1", "--burst=1", "--rollout-threads=1",
        "--experiment-threads=1", "--analysis-threads=1", "--service-threads=1", "--ingress-threads=1", "--ephemeral-metadata-threads=1",
        "--ephemeral-metadata-update-pod-retries=1", "--metricsPort=1", "--metricsport=1", "--healthzPort=1",
        "--enable-pprof-address=127.0.0.1:8888", "--leader-elect", "--leader-election-lease-duration=20s",
        "--leader-election-renew-deadline=11s", "--leader-election-retry-period=1s", "--self-service-notification-enabled",
        "--loglevel=debug", "--logformat=json", "--kloglevel=4", "--version", "--istio-api-version=v1", "--traffic-split-api-version=v1",
        "--ambassador-api-version=v1", "--traefik-api-group=x", "--traefik-api-version=v1", "--ingress-api-version=networking/v1",
        "--appmesh-crd-version=v1", "--alb-ingress-classes=x", "--nginx-ingress-classes=x", "--aws-verify-target-group", "--alb-verify-weight",
        "--aws-target-group-binding-api-version=v1", "--alb-tag-key-resource-id=x", "--kubeconfig=x", "--context=x", "--cluster=x",
        "--user=x", "--server=x", "--token=x", "--namespace=x", "--as=x", "--client-certificate=x", "--client-key=x",
        "--certificate-authority=x", "--insecure-skip-tls-verify", "--tls-server-name=x", "--request-timeout=1s", "--username=x",
        "--password=x", "--proxy-url=x", "--disable-compression", "--as-user-extra=x",
    ]

    @Test("are all of Argo Rollouts'", arguments: known) func isKnown(_ argument: String) throws {
        _ = try ControllerFlags(parsing: [argument])
        #expect(ControllerFlags.help.contains(argument.split(separator: "=")[0]))
    }

    static let mistakes: [(arguments: [String], message: String)] = [
        (["--dry-run-takeover"], "unknown flag --dry-run-takeover; see --help"),
        (["-x"], "unknown flag -x; see --help"),
        (["run"], "unexpected argument \"run\"; the controller takes flags alone"),
        (["--qps"], "flag --qps needs a value (int); give it as --qps=…"),
        (["--qps=fast"], "flag --qps is \"fast\"; it must be a whole number from 1 to 100000"),
        (["--rollout-threads=0"], "flag --rollout-threads is \"0\"; it must be a whole number from 1 to 1000"),
        (["--analysis-no-data=ignore"], "flag --analysis-no-data is \"ignore\"; it must be error, pass, fail, inconclusive, wait or wait=15m"),
        (["--namespaced=maybe"], "flag --namespaced is \"maybe\"; it must be true or false"),
        (["--loglevel=loud"], "flag --loglevel is \"loud\"; it must be debug, info, warn or error"),
        (["--controllers=rollouts"], "flag --controllers is \"rollouts\"; it must be analysis"),
        (["--leader-election-lease-duration=0s"], "flag --leader-election-lease-duration is \"0s\"; it must be a duration above zero, such as 15s or 1m30s"),
        (["--leader-election-lease-duration=5s"],
         "--leader-election-lease-duration, --leader-election-renew-deadline and --leader-election-retry-period must fall in this order; their defaults are 15s, 10s and 2s"),
        (["--metricsPort=8080"], "--metricsPort and --healthzPort are both 8080; they must differ"),
        (["--as-group=a"], "--as-group and --as-uid need --as"),
    ]

    @Test("are refused where they make no sense", arguments: mistakes) func isRefused(_ arguments: [String], _ message: String) {
        #expect { try ControllerFlags(parsing: arguments) } throws: { ($0 as? FlagError)?.description == message }
    }
}
