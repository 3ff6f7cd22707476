import StrictJSON

/// Walks an object beside its schema and collects what the schema does not allow.
///
/// Texts and the order of checks at one place are those of Kubernetes' API server; members are visited in sorted order.
struct Validator {
    private(set) var violations: [FieldViolation] = []
    var path = FieldPath()

    mutating func report(_ violation: FieldViolation) { violations.append(violation) }

    mutating func validate(_ value: JSONValue, _ schema: SchemaNode) {
        checkType(value, schema)
        if value.isNull {
            checkAllowed(value, schema)
            return
        }
        checkJunctors(value, schema)
        switch value {
        case .string(let text): checkText(text, schema)
        case .number(let number): checkNumber(number, schema)
        case .array(let list): checkItems(list, schema)
        case .null, .bool, .object: break
        }
        checkAllowed(value, schema)
        if case .object(let object) = value { checkMembers(object, schema) }
    }

    private mutating func checkType(_ value: JSONValue, _ schema: SchemaNode) {
        let types: TypeSet = schema.types
        if types.isEmpty { return }
        let (found, name): (TypeSet, String)
        switch value {
        case .null:
            if !schema.isNullable { report(.type(path.text, expected: schema.typeText, found: "null")) }
            return
        case .bool: (found, name) = (.boolean, "boolean")
        case .string: (found, name) = (.string, "string")
        case .array: (found, name) = (.array, "array")
        case .object: (found, name) = (.object, "object")
        case .number(let number): (found, name) = number.int64 != nil ? ([.integer, .number], "integer") : (.number, "number")
        }
        if types.isDisjoint(with: found) { report(.type(path.text, expected: schema.typeText, found: name)) }
    }

    private mutating func checkAllowed(_ value: JSONValue, _ schema: SchemaNode) {
        guard let allowed = schema.allowedValues, !allowed.isEmpty, !allowed.contains(value) else { return }
        report(.notSupported(path.text, value, allowed: allowed))
    }

    /// Only the first mistake of a text is reported.
    private mutating func checkText(_ text: String, _ schema: SchemaNode) {
        let limits: Limits = schema.limits
        if let most = limits.maxLength, Int64(text.unicodeScalars.count) > most {
            report(.tooLong(path.text, limit: most))
        } else if let least = limits.minLength, Int64(text.unicodeScalars.count) < least {
            report(.invalid(path.text, text.goQuoted, "\(path.text) in body should be at least \(least) chars long"))
        } else if let pattern = schema.pattern, !pattern.matches(text) {
            report(.invalid(path.text, text.goQuoted, "\(path.text) in body should match '\(pattern.source)'"))
        }
        if schema.format == "date-time" || schema.format == "datetime", !DateTimeFormat.matches(text) {
            report(.type(path.text, expected: schema.format, found: text))
        }
    }

    private mutating func checkNumber(_ number: JSONNumber, _ schema: SchemaNode) {
        let limits: Limits = schema.limits
        if let factor = limits.multipleOf, !number.isMultiple(of: factor) {
            report(.invalid(path.text, number.text, "\(path.text) in body should be a multiple of \(factor.text)"))
        }
        if let most = limits.maximum {
            let isOver: Bool = limits.excludesMaximum ? number.double >= most.double : number.double > most.double
            let relation: String = limits.excludesMaximum ? "less than" : "less than or equal to"
            if isOver { report(.invalid(path.text, number.text, "\(path.text) in body should be \(relation) \(most.text)")) }
        }
        if let least = limits.minimum {
            let isUnder: Bool = limits.excludesMinimum ? number.double <= least.double : number.double < least.double
            let relation: String = limits.excludesMinimum ? "greater than" : "greater than or equal to"
            if isUnder { report(.invalid(path.text, number.text, "\(path.text) in body should be \(relation) \(least.text)")) }
        }
    }

    private mutating func checkItems(_ list: [JSONValue], _ schema: SchemaNode) {
        if let items = schema.items {
            for (index, element) in list.enumerated() {
                path.push(index)
                validate(element, items)
                path.pop()
            }
        }
        let limits: Limits = schema.limits
        if let least = limits.minItems, Int64(list.count) < least {
            report(.invalid(path.text, String(list.count), "\(path.text) in body should have at least \(least) items"))
        }
        if let most = limits.maxItems, Int64(list.count) > most { report(.tooMany(path.text, list.count, limit: most)) }
        if limits.uniqueItems, Set(list).count != list.count {
            report(.invalid(path.text, "\"\"", "\(path.text) in body shouldn't contain duplicates"))
        }
    }

    private mutating func checkMembers(_ object: JSONObject, _ schema: SchemaNode) {
        let limits: Limits = schema.limits
        if let least = limits.minProperties, Int64(object.count) < least {
            report(.invalid(path.text, String(object.count), "\(path.text) in body should have at least \(least) properties"))
        }
        if let most = limits.maxProperties, Int64(object.count) > most { report(.tooMany(path.text, object.count, limit: most)) }
        if schema.forbidsAdditional || schema.additional != nil {
            for (key, member) in object.sortedByKey() where schema.properties[key] == nil {
                if let additional = schema.additional {
                    path.push(key)
                    validate(member, additional)
                    path.pop()
                } else {
                    report(.invalid(path.text, key.goQuoted, "\(path.text).\(key) in body is a forbidden property"))
                }
            }
        }
        if !schema.properties.isEmpty {
            for name in schema.propertyNames {
                guard let member = object[name], let property = schema.properties[name] else { continue }
                path.push(name)
                validate(member, property)
                path.pop()
            }
        }
        for name in schema.required where object[name] == nil {
            path.push(name)
            report(.required(path.text))
            path.pop()
        }
    }

    private mutating func checkJunctors(_ value: JSONValue, _ schema: SchemaNode) {
        if schema.anyOf.isEmpty, schema.oneOf.isEmpty, schema.allOf.isEmpty, schema.not == nil { return }
        let place: String = path.text.goQuoted
        if !schema.anyOf.isEmpty {
            let failures: [[FieldViolation]] = schema.anyOf.map { alternative($0, value) }
            if !failures.contains(where: \.isEmpty) {
                report(.invalid("", "\"\"", "\(place) must validate at least one schema (anyOf)"))
                closest(of: failures).forEach { report($0) }
            }
        }
        if !schema.oneOf.isEmpty {
            let failures: [[FieldViolation]] = schema.oneOf.map { alternative($0, value) }
            let valid: Int = failures.count(where: \.isEmpty)
            if valid != 1 {
                let found: String = valid == 0 ? "Found none valid" : "Found \(valid) valid alternatives"
                report(.invalid("", "\"\"", "\(place) must validate one and only one schema (oneOf). \(found)"))
                if valid == 0 { closest(of: failures).forEach { report($0) } }
            }
        }
        if !schema.allOf.isEmpty {
            let failures: [[FieldViolation]] = schema.allOf.map { alternative($0, value) }
            failures.joined().forEach { report($0) }
            let valid: Int = failures.count(where: \.isEmpty)
            if valid != failures.count {
                report(.invalid("", "\"\"", "\(place) must validate all the schemas (allOf)\(valid == 0 ? ". None validated" : "")"))
            }
        }
        if let not = schema.not, alternative(not, value).isEmpty {
            report(.invalid("", "\"\"", "\(place) must not validate the schema (not)"))
        }
    }

    private func alternative(_ schema: SchemaNode, _ value: JSONValue) -> [FieldViolation] {
        var validator = Validator()
        validator.path = path
        validator.validate(value, schema)
        return validator.violations
    }

    /// The complaints of the alternative that came nearest; of equals the first.
    private func closest(of failures: [[FieldViolation]]) -> [FieldViolation] {
        failures.min { $0.count < $1.count } ?? []
    }
}

extension JSONNumber {
    func isMultiple(of factor: JSONNumber) -> Bool {
        if let whole = int64, let step = factor.int64 { return step > 0 && whole % step == 0 }
        let quotient: Double = double / factor.double
        return quotient == quotient.rounded()
    }
}
