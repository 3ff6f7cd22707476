import Clockwork
import FoundationEssentials
import RolloutModel
import SchemaModel
import StrictJSON
import Testing

@Suite("An object that Argo's definitions accept and keep") struct SchemaAcceptanceTests {
    static let seedsPerKind: UInt64 = 20

    @Test("is accepted and kept by ours", arguments: RolloutDefinitions.all)
    func generated(_ definition: ResourceDefinition) throws {
        let json: JSONValue = try SchemaTestFiles.upstreamSchema(definition)
        let theirs = try StructuralSchema(json: json)
        let ours = try StructuralSchema(json: definition.versions[0].schema)
        for seed in 0..<Self.seedsPerKind {
            // The first ones have every member that there is.
            var generator = SchemaObjectGenerator(random: SeededGenerator(seed: seed), leavesOutOneIn: seed < 2 ? nil : 2 + Int(seed % 3))
            let object: JSONValue = generator.object(json, kind: definition.kind)
            try #require(theirs.violations(of: object) == [], "the generator made an object that Argo's definition refuses; seed \(seed)")
            try #require(theirs.unknownFields(of: object) == [], "the generator made an object that Argo's definition prunes; seed \(seed)")
            #expect(ours.violations(of: object) == [], "seed \(seed)")
            #expect(ours.unknownFields(of: object) == [], "seed \(seed)")
            #expect(ours.pruned(object) == object, "seed \(seed)")
            #expect(ours.violations(of: ours.defaulted(object)) == [], "seed \(seed)")
        }
    }

    @Test("and was written by Argo Rollouts is accepted and kept by ours",
          .enabled(if: SchemaTestFiles.published != nil, "there are no recorded objects beside the project's own definitions"))
    func recorded() throws {
        let folder: String = try #require(SchemaTestFiles.published) + "/argo-objects"
        let files: [String] = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }.sorted()
        var schemas: [String: StructuralSchema] = [:]
        for definition in RolloutDefinitions.all { schemas[definition.kind] = try StructuralSchema(json: definition.versions[0].schema) }
        var compared = 0
        for file in files {
            for object in try SchemaTestFiles.documents("\(folder)/\(file)") {
                guard object["apiVersion"]?.stringValue?.hasPrefix("argoproj.io/") == true, let kind = object["kind"]?.stringValue else { continue }
                let schema: StructuralSchema = try #require(schemas[kind], "\(file) has a \(kind)")
                #expect(schema.violations(of: object) == [], "\(file): \(kind)")
                #expect(schema.unknownFields(of: object) == [], "\(file): \(kind)")
                #expect(schema.defaulted(object) == object, "\(file): \(kind)")
                compared += 1
            }
        }
        #expect(compared > 0, "no object in \(folder)")
    }

    @Test("needs no selector, no labels and no strategy") func bare() throws {
        let ours = try StructuralSchema(json: RolloutDefinitions.rollout.versions[0].schema)
        let bare: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": ["name": "my-app"],
            "spec": [
                "replicas": 10, "strategy": ["canary": ["steps": [["setWeight": 5], ["pause": ["duration": "5m"]], ["pause": [:]]]]],
                "template": ["spec": ["containers": [["name": "app", "image": "myapp:v2.0"]]]],
            ],
        ]
        #expect(ours.violations(of: bare) == [])
        #expect(ours.unknownFields(of: bare) == [])
        #expect(ours.violations(of: ["apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": ["name": "empty"]]) == [])
    }

    @Test("may get a selector, but must not change it") func selector() throws {
        let ours = try StructuralSchema(json: RolloutDefinitions.rollout.versions[0].schema)
        func rollout(_ selector: JSONValue?) -> JSONValue {
            var rollout: JSONValue = ["spec": [:]]
            rollout.set(selector, at: ["spec", "selector"])
            return rollout
        }
        let one: JSONValue = ["matchLabels": ["app": "a"]]
        #expect(ours.violations(of: rollout(one), replacing: rollout(nil)) == [])
        #expect(ours.violations(of: rollout(one), replacing: rollout(one)) == [])
        #expect(ours.violations(of: rollout(["matchLabels": ["app": "b"]]), replacing: rollout(one)).map(\.text)
            == [#"spec.selector: Invalid value: "object": .spec.selector is immutable"#])
    }
}
