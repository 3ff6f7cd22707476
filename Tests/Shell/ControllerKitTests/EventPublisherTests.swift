import Clockwork
@testable import ControllerKit
import KubeClient
import KubeModel
import StrictJSON
import Testing

@Suite("The event publisher") struct EventPublisherTests {
    let about = ObjectReference(kind: .rollout, key: ObjectKey(namespace: "default", name: "web"), uid: "u1", resourceVersion: "7")

    func note(_ message: String, reason: String = "RolloutUpdated") -> PublishedEvent {
        PublishedEvent(about: about, kind: .normal, reason: reason, message: message)
    }

    @Test func writesEventsAsKubernetesDoes() throws {
        let world = try World()
        let publisher = EventPublisher(component: "rollouts-controller", host: "pod-1", client: world.client(), clock: world.clock, logger: world.logger)
        try world.run([publisher.run]) {
            publisher.publish(note("updated"))
            try await world.sleep(.seconds(5))
            publisher.publish(note("updated"))
            publisher.publish(note("other"))
            try await world.sleep(.seconds(5))
            let events = try await world.client().listAll(.events, namespace: "default")
            #expect(events.count == 2)
            let event = try #require(events.first { $0["message"] == "updated" })
            #expect(event["count"] == 2)
            #expect(event["reason"] == "RolloutUpdated")
            #expect(event["type"] == "Normal")
            #expect(event.at("source", "component") == "rollouts-controller")
            #expect(event["involvedObject"] == [
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "namespace": "default", "name": "web", "uid": "u1", "resourceVersion": "7",
            ])
            #expect(event["firstTimestamp"]?.stringValue != event["lastTimestamp"]?.stringValue)
            #expect(publisher.statistics == .init(published: 3, dropped: 0, failed: 0))
        }
    }

    @Test func neverFailsTheWork() throws {
        let world = try World()
        let publisher = EventPublisher(component: "c", client: world.client(), clock: world.clock, logger: world.logger)
        try world.run([publisher.run]) {
            world.transport.setDown(true)
            publisher.publish(note("lost"))
            try await world.sleep(.seconds(10))
            #expect(publisher.statistics == .init(published: 0, dropped: 0, failed: 1))
            #expect(world.transport.requests.count == 2)
            world.transport.setDown(false)
            publisher.publish(note("lost"))
            try await world.sleep(.seconds(10))
            #expect(publisher.statistics.published == 1)
        }
    }

    @Test func dropsWhatDoesNotFit() throws {
        let world = try World()
        let publisher = EventPublisher(component: "c", client: world.client(), clock: world.clock, logger: world.logger)
        for number in 0..<(EventPublisher.capacity + 5) { publisher.publish(note("\(number)")) }
        #expect(publisher.statistics.dropped == 5)
    }

    @Test func writesAnEventAgainThatTheServerHasForgotten() throws {
        let world = try World()
        let kube = world.client()
        let publisher = EventPublisher(component: "c", client: kube, clock: world.clock, logger: world.logger)
        try world.run([publisher.run]) {
            publisher.publish(note("updated"))
            try await world.sleep(.seconds(1))
            let name = try #require(try await kube.listAll(.events, namespace: "default").first?.at("metadata", "name")?.stringValue)
            try await kube.delete(.events, namespace: "default", name: name)
            publisher.publish(note("updated"))
            try await world.sleep(.seconds(1))
            let events = try await kube.listAll(.events, namespace: "default")
            #expect(events.map { $0["count"] } == [2])
        }
    }
}
