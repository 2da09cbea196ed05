import Base
import Columns
import FoundationEssentials
import HTTPTypes
import Stores

/// What a page of an answer is a page of, and the text by which the next one is asked for.
///
/// A cursor is base64url of a JSON array: its version, the view, the order, a hash of conditions and groups, the clock of
/// the first page in microseconds, and the values of the total order in the page's last row. It is no secret and nothing
/// to rely on: another release may write another.
struct PageScope {
    private static let version: Int64 = 1

    let view: String
    let order: String
    let conditions: String
    /// The clock by which `now` is read, on all pages that of the first.
    var now: EventTime

    /// - Parameter conditions: as the request has them; in another order they are the same.
    init(_ query: ViewQuery, conditions: [(name: String, value: String)], now: EventTime) {
        view = query.view.name
        order = query.totalOrder.map {
            "\($0.column).\($0.isDescending ? "desc" : "asc").\($0.nullsFirst ? "nullsfirst" : "nullslast")"
        }.joined(separator: ",")
        var terms = conditions.map { "\($0.name)=\($0.value)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        if query.isAggregated {
            terms += query.select.map { "\($0.name):\($0.source ?? "").\($0.aggregate?.rawValue ?? "")" }
        }
        // With a byte between them that is in no text of a request's, so that no two lists are one text.
        var bytes = terms.joined(separator: "\u{1F}")
        let hash = bytes.withUTF8 { text in text.baseAddress.map { Hashing.table($0, count: text.count) } ?? 0 }
        self.conditions = String(hash, radix: 16)
        self.now = now
    }

    /// The text for going on behind a row.
    func cursor(after values: [Value]) -> String {
        let json = JSONOutput()
        let scope: [Value] = [.int(Self.version), .string(view), .string(order), .string(conditions), .timestamp(now)]
        json.array(scope + values) { json.value(Self.exact($0)) }
        return Data(json.arena.bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// The first page's clock, and the values after which the page begins. Throws `api.bad_cursor`.
    func read(_ text: String, of query: ViewQuery) throws -> (now: EventTime, values: [Value]) {
        let parts = try parts(text)
        let foreign: String? =
            switch (parts[1].string, parts[2].string, parts[3].string) {
            case (let other, _, _) where other != view: "is of view '\(other ?? "")', the query is of '\(view)'"
            case (_, let other, _) where other != order: "goes by '\(other ?? "")', the query's order is '\(order)'"
            case (_, _, let other) where other != conditions: "was made for other conditions or groups than the query has"
            default: nil
            }
        if let foreign {
            throw APIError(
                .badRequest, .apiBadCursor, "the cursor \(foreign)",
                remedy: "Give the cursor with the query it came with, changed in nothing but limit, or leave it out to begin anew.")
        }
        let values = zip(query.totalOrder, parts.dropFirst(5)).compactMap { term, part in
            query.orderedColumn(term.column).flatMap { Self.value(part, $0.type) }
        }
        guard values.count == query.totalOrder.count, parts.count == values.count + 5, let now = parts[4].int else {
            throw Self.unreadable(text)
        }
        return (EventTime(microseconds: now), values)
    }

    private func parts(_ text: String) throws -> [JSONValue] {
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        while base64.utf8.count % 4 != 0 { base64 += "=" }
        guard let data = Data(base64Encoded: base64), let json = try? JSONValue.parse(String(decoding: data, as: UTF8.self)),
            let parts = json.elements, parts.count >= 5, parts[0].int == Self.version
        else { throw Self.unreadable(text) }
        return parts
    }

    private static func unreadable(_ text: String) -> APIError {
        APIError(
            .badRequest, .apiBadCursor, "'\(text)' is no cursor",
            remedy: "Take the text of 'next' in the answer before, as it stands, or leave it out to begin anew.")
    }

    // MARK: Values

    /// A value whose JSON reads back as exactly the same: a double as the bits it has, times as microseconds.
    private static func exact(_ value: Value) -> Value {
        switch value {
        case .double(let number): .int(Int64(bitPattern: number.bitPattern))
        case .timestamp(let time): .int(time.microseconds)
        case .duration(let span): .int(span.microseconds)
        default: value
        }
    }

    /// Nil where the JSON is none of the type.
    private static func value(_ json: JSONValue, _ type: ValueType) -> Value? {
        if json.isNull { return .null }
        switch type {
        case .bool, .record: return json.bool.map(Value.bool)
        case .int: return json.int.map(Value.int)
        case .double: return json.int.map { .double(Double(bitPattern: UInt64(bitPattern: $0))) }
        case .timestamp: return json.int.map { .timestamp(EventTime(microseconds: $0)) }
        case .duration: return json.int.map { .duration(TimeSpan(microseconds: $0)) }
        case .string: return json.string.map(Value.string)
        case .bytes: return json.string.flatMap { Data(base64Encoded: $0) }.map { .bytes(Array($0)) }
        case .map:
            guard let members = json.members else { return nil }
            var map: [String: String] = [:]
            for member in members {
                guard let value = member.value.string else { return nil }
                map[member.key] = value
            }
            return .map(map)
        }
    }
}
