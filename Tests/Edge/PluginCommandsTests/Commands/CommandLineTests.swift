import HTTPTypes
import StrictJSON
import Testing

@testable import PluginCommands

@Suite("A command line") struct CommandLineTests {
    static let mistakes: [(line: String, error: String)] = [
        ("bogus", "Error: unknown command \"bogus\" for \"kubectl-sluice\"\nRun 'kubectl-sluice --help' for usage.\n"),
        ("promot web", "Error: unknown command \"promot\" for \"kubectl-sluice\"\n\nDid you mean this?\n\tpromote\n\nRun 'kubectl-sluice --help' for usage.\n"),
        ("get rollout web --bogus", "Error: unknown flag: --bogus\n"),
        ("get rollout web --bogus=1", "Error: unknown flag: --bogus\n"),
        ("get rollout web -x", "Error: unknown shorthand flag: 'x' in -x\n"),
        ("--bogus get rollout web", "Error: unknown flag: --bogus\n"),
        ("get rollout web --namespace", "Error: flag needs an argument: --namespace\n"),
        ("status web -t 60", "Error: invalid argument \"60\" for \"-t, --timeout\" flag: time: missing unit in duration \"60\"\n"),
        ("status web --loglevel loud", "Error: not a valid log level: \"loud\"; use trace, debug, info, warn, error, fatal or panic\n"),
        ("status web --as-group g", "Error: --as-uid, --as-group and --as-user-extra say whom to act as only together with --as\n"),
        ("status web --as-user-extra a=b", "Error: --as-uid, --as-group and --as-user-extra say whom to act as only together with --as\n"),
        ("status web --as eva --as-user-extra reason",
         "Error: invalid argument \"reason\" for \"--as-user-extra\" flag: write KEY=VALUE, for instance reason=debugging\n"),
        ("status web --context prod", "Error: /config has no context \"prod\"; it has lab\n"),
        ("status web --kubeconfig /none", "Error: the kubeconfig /none cannot be read: there is no such file\n"),
        ("get rollout web -w -o json", "Error: --output and --watch cannot be used together; leave out one of them\n"),
    ]

    @Test(arguments: mistakes) func saysWhatIsWrong(_ line: String, _ error: String) throws {
        try PluginWorld.play { world in #expect(await world.type(line) == PluginWorld.Session(status: 1, error: error)) }
    }

    @Test(arguments: ["get rollout", "promote", "promote a b", "abort", "get rollout a b", "status"]) func showsItsUsage(_ line: String) throws {
        try PluginWorld.play { world in
            let session = await world.type(line)
            let command: String = line.split(separator: " ").prefix(line.hasPrefix("get") ? 2 : 1).joined(separator: " ")
            #expect(session.status == 1)
            #expect(session.output == "")
            #expect(session.error.hasPrefix("Usage: kubectl-sluice \(command) "), "\(session.error)")
            #expect(!session.error.contains("Error"))
        }
    }

    @Test(arguments: ["", "get", "list", "retry", "get bogus"]) func showsTheUsageOfAGroup(_ line: String) throws {
        try PluginWorld.play { world in
            let session = await world.type(line)
            #expect(session.status == 1)
            #expect(session.output == "")
            #expect(session.error.uppercased().contains("USAGE: KUBECTL"))
            #expect(!session.error.contains("Error"))
        }
    }

    @Test(arguments: ["--help", "-h", "help", "get --help", "help get rollout", "status -h"]) func helps(_ line: String) throws {
        try PluginWorld.play { world in
            let session = await world.type(line)
            #expect(session.status == 0)
            #expect(session.output.contains("USAGE: "))
            #expect(session.error == "")
        }
    }

    @Test func namesWhatIsNotServedYet() throws {
        try PluginWorld.play { world in
            let session = await world.type("undo web")
            #expect(session.status == 1)
            #expect(session.error.hasPrefix("Error: the command \"undo\" is not in this version of kubectl-sluice; it has abort, "))
        }
    }

    @Test func tellsItsVersionWithoutACluster() throws {
        try PluginWorld.play { world in
            world.variables = [:]
            let session = await world.type("version")
            #expect(session.output.hasPrefix("kubectl-sluice: v\(PluginVersion.number)\n  SwiftVersion: "))
            #expect(await world.type("version --short").output == "kubectl-sluice: v\(PluginVersion.number)\n")
            #expect(world.network.paths == [])
        }
    }

    @Test func complainsOfABrokenKubeconfig() throws {
        try PluginWorld.play { world in
            world.variables = ["KUBECONFIG": "/broken"]
            let session = await world.type("list rollouts")
            #expect(session.status == 1)
            #expect(session.error.hasPrefix("Error: the kubeconfig /broken is not valid: "))
        }
    }

    @Test func needsNoKubeconfigWithAServer() throws {
        try PluginWorld.play { world in
            world.variables = [:]
            #expect(await world.type("list rollouts").error.hasPrefix("Error: no kubeconfig is given, and this is no pod of a cluster"))
            #expect(await world.type("-s http://in-process.invalid list rollouts --token x").error == "No resources found.\n")
            #expect(world.network.paths.last?.hasPrefix("/apis/argoproj.io/v1alpha1/namespaces/default/rollouts") == true)
        }
    }

    @Test func actsAsWhomTheFlagsName() throws {
        try PluginWorld.play { world in
            world.network.refuse { request in
                (403, request.headers.filter { $0.name.rawName.hasPrefix("Impersonate") }.map { "\($0.name.rawName)=\($0.value)" }.joined(separator: " "))
            }
            let flags = "--as eva --as-uid 7 --as-group g --as-user-extra reason=a=b --as-user-extra=team=shop --as-user-extra reason=c"
            let error: String = await world.type("list rollouts \(flags)").error
            let expected = "Impersonate-User=eva Impersonate-Uid=7 Impersonate-Group=g Impersonate-Extra-reason=a=b Impersonate-Extra-reason=c Impersonate-Extra-team=shop"
            #expect(error.contains(expected), "\(error)")
        }
    }

    @Test func reportsRequestsWhenAsked() throws {
        try PluginWorld.play { world in
            #expect(await world.type("list rollouts -v 6").error == "list rollouts.argoproj.io shop 200 in 0 ms\nNo resources found.\n")
        }
    }

    @Test func namesDefinitionsThatAreMissing() throws {
        try PluginWorld.play { world in
            world.network.refuse { _ in (404, "the server could not find the requested resource") }
            for line in ["list rollouts", "get rollout web", "status web"] {
                #expect(await world.type(line).error ==
                    "Error: the server has no rollouts.argoproj.io (argoproj.io/v1alpha1); install the definitions first: kubectl apply -f crds/\n")
            }
        }
    }
}
