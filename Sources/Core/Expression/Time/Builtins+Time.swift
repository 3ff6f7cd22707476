import Clockwork

/// Instants, durations and zones.
extension Builtin {
    static let time: [Builtin] = [
        Builtin("now", [], gives: .time) { (_, budget) throws(Fault) in
            guard let now = budget.now else { throw Fault("now() is not known here: the expression is evaluated without a clock") }
            return .time(nanoseconds: now)
        },
        Builtin("duration", [.string], gives: .duration) { (arguments, _) throws(Fault) in
            let text = String(decoding: try arguments.bytes(0), as: UTF8.self)
            do throws(GoDurationError) { return .duration(nanoseconds: try GoDuration(parsing: text).nanoseconds) } catch { throw Fault(error.description) }
        },
        Builtin("date", check: checkDate, apply: date),
        Builtin("timezone", [.string], gives: .zone) { (arguments, _) throws(Fault) in
            .zone(try zone(named: String(decoding: try arguments.bytes(0), as: UTF8.self)))
        },
    ]

    /// What `date` without a layout reads, in this order.
    private static let dateLayouts: [TimeLayout] = [
        "2006-01-02", "15:04:05", "2006-01-02 15:04:05", TimeText.rfc3339, "02 Jan 06 15:04 MST", "Monday, 02-Jan-06 15:04:05 MST", "Mon, 02 Jan 2006 15:04:05 MST",
    ].map(TimeLayout.init)

    private static func checkDate(_ types: [ExpressionType]) throws(Fault) -> ExpressionType {
        if types.isEmpty { throw Fault("invalid number of arguments (expected at least 1, got 0)") }
        if types.count > 3 { throw Fault("invalid number of arguments (expected at most 3, got \(types.count))") }
        var texts = types[...]
        // A zone may come first.
        if texts.first == .zone { texts = texts.dropFirst() }
        for type in texts where type != .string && !type.isUnknown { throw Fault("cannot use \(argumentName(type)) as argument (type string) to call date ") }
        return .time
    }

    /// `date([zone,] text[, layout[, zone name]])`.
    private static func date(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        var (arguments, zone) = (arguments, Moment.Zone.utc)
        if case .zone(let given)? = arguments.first {
            zone = given
            arguments.removeFirst()
        }
        guard !arguments.isEmpty else { throw Fault("invalid number of arguments (expected at least 1, got 0)") }
        let text = String(decoding: try arguments.bytes(0), as: UTF8.self)
        try budget.pass(over: 64 * text.utf8.count)
        if arguments.count > 2 { zone = try Self.zone(named: String(decoding: try arguments.bytes(2), as: UTF8.self)) }
        if arguments.count > 1 {
            let layout = TimeLayout(String(decoding: try arguments.bytes(1), as: UTF8.self))
            try budget.pass(over: 64 * layout.source.utf8.count)
            return .time(try layout.moment(text, in: zone))
        }
        for layout in dateLayouts {
            // The next layout may fit where this one does not.
            do throws(Fault) { return .time(try layout.moment(text, in: zone)) } catch { continue }
        }
        throw Fault("invalid date \(text)")
    }

    /// The controller has no table of the world's zones: it reads no files, and theirs change several times a year.
    private static func zone(named name: String) throws(Fault) -> Moment.Zone {
        if name.isEmpty || name == "UTC" || name == "Local" { return .utc }
        throw Fault("the time zone \(name) is not supported: only UTC is; a distance such as +02:00 can stand in the date itself")
    }
}

enum TimeText {
    static let rfc3339 = "2006-01-02T15:04:05Z07:00"
    private static let precise = TimeLayout("2006-01-02T15:04:05.999999999Z07:00")
    private static let plain = TimeLayout("2006-01-02 15:04:05.999999999 -0700 MST")

    /// As `string()` has it.
    static func text(of moment: Moment) -> String { plain.text(of: moment) }

    /// As JSON has it.
    static func json(of moment: Moment) throws(Fault) -> String {
        guard (0...9_999).contains(moment.date.year) else { throw Fault("json: error calling MarshalJSON for type time.Time: year outside of range [0,9999]") }
        return precise.text(of: moment)
    }
}
