import StrictJSON

/// The schema of one version of a custom resource, compiled once and applied often: it prunes, defaults and validates
/// objects as Kubernetes' API server does.
///
/// Checked are types, `required`, `enum`, bounds, lengths, counts, patterns, the format `date-time`, `nullable`,
/// `additionalProperties`, `x-kubernetes-int-or-string`, list types `set` and `map`, and the logical junctors.
/// Not evaluated are rules in CEL, but for the one that makes a field immutable (`self == oldSelf`), and other formats.
public struct StructuralSchema: Sendable {
    let root: SchemaNode

    /// Compiles an OpenAPI v3 structural schema as it stands below `openAPIV3Schema` of a definition.
    ///
    /// - Throws: if the schema is malformed, with the path inside the schema.
    public init(json: JSONValue) throws(SchemaError) {
        root = try SchemaNode(json, path: "")
    }

    /// The object without the members that the schema does not know.
    ///
    /// `apiVersion`, `kind` and `metadata` of the object, and of objects embedded in it, are kept whole.
    public func pruned(_ object: JSONValue) -> JSONValue {
        var pruner = Pruner()
        return pruner.prunedRoot(object, root)
    }

    /// The paths that `pruned` would drop, in the order of the object: what a strict write is refused for.
    public func unknownFields(of object: JSONValue) -> [String] {
        var pruner = Pruner()
        _ = pruner.prunedRoot(object, root)
        return pruner.dropped
    }

    /// The object with the schema's defaults put in where a member is absent; nulls that the schema does not allow are
    /// replaced by the default, or left out where there is none.
    public func defaulted(_ object: JSONValue) -> JSONValue {
        let clean: JSONValue = root.droppingNulls(object) ?? object
        return root.defaulting(clean) ?? clean
    }

    /// Everything that the schema does not allow about `object`, in the order of the schema's sorted member names.
    public func violations(of object: JSONValue) -> [FieldViolation] {
        var validator = Validator()
        validator.validate(object, root)
        validator.checkLists(object, root)
        return validator.violations
    }

    /// What `violations(of:)` finds, and besides the fields that must not change and did.
    public func violations(of object: JSONValue, replacing old: JSONValue) -> [FieldViolation] {
        var found: [FieldViolation] = violations(of: object)
        // The API server evaluates rules in CEL only on objects that are otherwise valid.
        guard found.isEmpty else { return found }
        var validator = Validator()
        validator.checkImmutable(object, was: old, root)
        found = validator.violations
        return found
    }
}

/// Why a schema cannot be compiled.
public struct SchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where in the schema, as `properties.spec.items`; empty at its root.
    public var path: String
    /// What was found and what would be right.
    public var message: String

    /// An error at a place.
    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// Path and message in one line.
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
