import Clockwork
import StrictJSON

/// A Lease of coordination.k8s.io, by which processes agree who of them leads.
public struct Lease: ReadModel {
    public static let resource = GroupVersionResource.leases

    public var metadata: ObjectMeta
    /// Empty when nobody holds it.
    public var holderIdentity: String
    public var leaseDurationSeconds: Int
    public var acquireTime: Timestamp?
    public var renewTime: Timestamp?
    /// How often the lease changed hands.
    public var leaseTransitions: Int

    public init(json: JSONValue) throws(DecodeError) {
        let spec = try FieldReader(json).member("spec")
        metadata = try ObjectMeta(object: json)
        holderIdentity = try spec.string("holderIdentity") ?? ""
        leaseDurationSeconds = try spec.int("leaseDurationSeconds") ?? 0
        acquireTime = try spec.timestamp("acquireTime")
        renewTime = try spec.timestamp("renewTime")
        leaseTransitions = try spec.int("leaseTransitions") ?? 0
    }
}
