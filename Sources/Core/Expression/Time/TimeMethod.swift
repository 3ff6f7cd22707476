import Clockwork

/// A method of an instant, of a duration, of a month or of a day of the week: what is called behind a point.
struct TimeMethod: Sendable {
    let base: ExpressionType
    let name: String
    let parameters: [ExpressionType]
    let result: ExpressionType
    private let function: @Sendable (ExpressionValue, [ExpressionValue]) throws(Fault) -> ExpressionValue

    static let month = ExpressionType.namedInt("time.Month")
    static let weekday = ExpressionType.namedInt("time.Weekday")

    /// The method of this name that values of a type have.
    static func named(_ name: String, of type: ExpressionType) -> TimeMethod? { table[type]?[name] }

    /// Whether values of a type have methods at all.
    static func exist(for type: ExpressionType) -> Bool { table[type] != nil }

    func apply(to base: ExpressionValue, _ arguments: [ExpressionValue]) throws(Fault) -> ExpressionValue {
        guard arguments.count == parameters.count else {
            throw Fault(arguments.count < parameters.count ? "not enough arguments to call \(name)" : "too many arguments to call \(name)")
        }
        for (argument, parameter) in zip(arguments, parameters) where argument.type != parameter {
            throw Fault("cannot use \(argument.isNull ? "nil" : argument.typeName) as argument (type \(parameter.name)) to call \(name)")
        }
        return try function(base, arguments)
    }

    private static let table: [ExpressionType: [String: TimeMethod]] = {
        var table: [ExpressionType: [String: TimeMethod]] = [:]
        for method in moments + durations + names { table[method.base, default: [:]][method.name] = method }
        return table
    }()

    // MARK: Instants

    private static let moments: [TimeMethod] = [
        moment("Year", .int) { .int($0.date.year) }, moment("Month", month) { .namedInt(type: month.name, $0.date.month) },
        moment("Day", .int) { .int($0.date.day) }, moment("Hour", .int) { .int($0.clock.hour) }, moment("Minute", .int) { .int($0.clock.minute) },
        moment("Second", .int) { .int($0.clock.second) }, moment("Nanosecond", .int) { .int(Int64($0.nanosecond)) },
        moment("Weekday", weekday) { .namedInt(type: weekday.name, $0.weekday) }, moment("YearDay", .int) { .int($0.yearDay) },
        moment("Unix", .int64) { .int64($0.seconds) },
        moment("UnixMilli", .int64) { .int64($0.seconds &* 1_000 &+ Int64($0.nanosecond / 1_000_000)) },
        moment("UnixMicro", .int64) { .int64($0.seconds &* 1_000_000 &+ Int64($0.nanosecond / 1_000)) },
        moment("UnixNano", .int64) { .int64($0.seconds &* 1_000_000_000 &+ Int64($0.nanosecond)) },
        moment("UTC", .time) { .time($0.inZone(.utc)) }, moment("Local", .time) { .time($0.inZone(.utc)) },
        moment("IsZero", .bool) { .bool($0.seconds == Moment.beforeTheCommonEra && $0.nanosecond == 0) },
        moment("String", .string) { .string(TimeText.text(of: $0)) },
        TimeMethod(base: .time, name: "Format", parameters: [.string], result: .string) { (base, arguments) throws(Fault) in
            guard case .time(let moment) = base, case .string(let layout)? = arguments.first else { return .null }
            return .string(TimeLayout(layout).text(of: moment))
        },
        TimeMethod(base: .time, name: "In", parameters: [.zone], result: .time) { (base, arguments) throws(Fault) in
            guard case .time(let moment) = base, case .zone(let zone)? = arguments.first else { return .null }
            return .time(moment.inZone(zone))
        },
        relation("Before", .bool) { .bool($0.precedes($1)) }, relation("After", .bool) { .bool($1.precedes($0)) },
        relation("Equal", .bool) { .bool($0.isSameInstant($1)) }, relation("Compare", .int) { .int($0.precedes($1) ? -1 : $1.precedes($0) ? 1 : 0) },
        relation("Sub", .duration) { .duration(nanoseconds: $0.since($1)) },
        shift("Add") { $0.adding($1) },
        // Counted from the beginning of the era, as in the reference, not from 1970.
        shift("Truncate") { $1 <= 0 ? $0 : $0.adding(-$0.sinceEra(modulo: $1)) },
        shift("Round") { moment, unit in
            if unit <= 0 { return moment }
            let rest = moment.sinceEra(modulo: unit)
            return rest < unit - rest ? moment.adding(-rest) : moment.adding(unit - rest)
        },
        TimeMethod(base: .time, name: "AddDate", parameters: [.int, .int, .int], result: .time) { (base, arguments) throws(Fault) in
            guard case .time(let moment) = base, case .int(let years) = arguments[0], case .int(let months) = arguments[1], case .int(let days) = arguments[2]
            else { return .null }
            guard [years, months, days].allSatisfy({ (-1_000_000...1_000_000).contains($0) }) else { throw Fault("AddDate goes beyond a million years, months or days") }
            let (date, clock) = (moment.date, moment.clock)
            return .time(Moment(
                year: date.year + years, month: date.month + months, day: date.day + days, hour: clock.hour, minute: clock.minute, second: clock.second,
                nanosecond: moment.nanosecond, zone: moment.zone))
        },
    ]

    private static func moment(_ name: String, _ result: ExpressionType, _ function: @escaping @Sendable (Moment) -> ExpressionValue) -> TimeMethod {
        TimeMethod(base: .time, name: name, parameters: [], result: result) { (base, _) throws(Fault) in
            guard case .time(let moment) = base else { return .null }
            return function(moment)
        }
    }

    private static func relation(_ name: String, _ result: ExpressionType, _ function: @escaping @Sendable (Moment, Moment) -> ExpressionValue) -> TimeMethod {
        TimeMethod(base: .time, name: name, parameters: [.time], result: result) { (base, arguments) throws(Fault) in
            guard case .time(let moment) = base, case .time(let other)? = arguments.first else { return .null }
            return function(moment, other)
        }
    }

    private static func shift(_ name: String, _ function: @escaping @Sendable (Moment, Int64) -> Moment) -> TimeMethod {
        TimeMethod(base: .time, name: name, parameters: [.duration], result: .time) { (base, arguments) throws(Fault) in
            guard case .time(let moment) = base, case .duration(let length)? = arguments.first else { return .null }
            return .time(function(moment, length))
        }
    }

    // MARK: Durations

    private static let durations: [TimeMethod] = [
        duration("Hours", .float) { .float(Double($0) / 3.6e12) }, duration("Minutes", .float) { .float(Double($0) / 6e10) },
        duration("Seconds", .float) { .float(Double($0) / 1e9) }, duration("Milliseconds", .int64) { .int64($0 / 1_000_000) },
        duration("Microseconds", .int64) { .int64($0 / 1_000) }, duration("Nanoseconds", .int64) { .int64($0) },
        duration("Abs", .duration) { .duration(nanoseconds: $0 == .min ? .max : abs($0)) },
        duration("String", .string) { .string(GoDuration(nanoseconds: $0).text) },
        cut("Truncate") { $1 <= 0 ? $0 : $0 - $0 % $1 },
        cut("Round") { length, unit in
            if unit <= 0 { return length }
            let rest = length.magnitude % unit.magnitude
            let down = length < 0 ? length + Int64(rest) : length - Int64(rest)
            if rest < unit.magnitude - rest { return down }
            let (up, overflow) = length < 0 ? down.subtractingReportingOverflow(unit) : down.addingReportingOverflow(unit)
            return overflow ? (length < 0 ? .min : .max) : up
        },
    ]

    private static func duration(_ name: String, _ result: ExpressionType, _ function: @escaping @Sendable (Int64) -> ExpressionValue) -> TimeMethod {
        TimeMethod(base: .duration, name: name, parameters: [], result: result) { (base, _) throws(Fault) in
            guard case .duration(let length) = base else { return .null }
            return function(length)
        }
    }

    private static func cut(_ name: String, _ function: @escaping @Sendable (Int64, Int64) -> Int64) -> TimeMethod {
        TimeMethod(base: .duration, name: name, parameters: [.duration], result: .duration) { (base, arguments) throws(Fault) in
            guard case .duration(let length) = base, case .duration(let unit)? = arguments.first else { return .null }
            return .duration(nanoseconds: function(length, unit))
        }
    }

    // MARK: Months, days of the week, zones

    private static let names: [TimeMethod] = [month, weekday].map { type in
        TimeMethod(base: type, name: "String", parameters: [], result: .string) { (base, _) throws(Fault) in
            guard case .namedInt(let type, let number) = base else { return .null }
            return .string(name(of: number, type: type))
        }
    } + [
        TimeMethod(base: .zone, name: "String", parameters: [], result: .string) { (base, _) throws(Fault) in
            guard case .zone(let zone) = base else { return .null }
            return .string(zone.name)
        },
    ]

    /// What a number of a type with a name is called; the number itself where it has none.
    static func name(of number: Int64, type: String) -> String {
        let (names, first): ([String], Int64) = type == month.name ? (TimeLayout.months, 1) : (TimeLayout.weekdays, 0)
        return names.indices.contains(Int(number - first)) ? names[Int(number - first)] : String(number)
    }
}

extension Moment {
    /// What is left of the nanoseconds since the first year when as many whole units as possible are taken away.
    fileprivate func sinceEra(modulo unit: Int64) -> Int64 {
        let total = Int128(seconds) - Int128(Self.beforeTheCommonEra)
        let rest = (total * 1_000_000_000 + Int128(nanosecond)) % Int128(unit)
        return Int64(rest < 0 ? rest + Int128(unit) : rest)
    }
}
