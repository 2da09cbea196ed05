import ArgumentParser
import Base
import HTTPAPI
import Stores

/// How a setting's value is written, and what of that is allowed. The same for flags, variables and the file.
struct ValueForm<Value: Sendable>: Sendable {
    /// Completes "Allowed: ".
    var allowed: String
    /// Nil: the text is no such value, or one that is not allowed.
    var read: @Sendable (String) -> Value?
}

extension ValueForm<String> {
    static func text(_ allowed: String) -> Self { ValueForm(allowed: allowed) { $0.isEmpty ? nil : $0 } }

    static let engineURL = ValueForm(allowed: "a scheme and a host, such as http://127.0.0.1:8000") { text in
        (try? EngineAddress(text, origin: "", isFromFile: false)).map { _ in text }
    }

    static let postgresSchema = ValueForm(
        allowed: "a letter, then letters, digits and '_', 63 at most, not beginning with 'pg_'"
    ) { SQLName.isPlain($0) && $0.utf8.count <= 63 && !$0.lowercased().hasPrefix("pg_") ? $0 : nil }

    static let topic = ValueForm(allowed: "a topic's name: \(TopicName.allowedForm)") { TopicName($0) == nil ? nil : $0 }
}

extension ValueForm<Int> {
    static func count(_ range: ClosedRange<Int>) -> Self {
        ValueForm(allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueForm<Bool> {
    static let bool = ValueForm(allowed: "true or false") { Bool($0) }
}

extension ValueForm<TimeSpan> {
    static func span(min: TimeSpan) -> Self {
        ValueForm(allowed: "\(min) or more, such as \(min < .seconds(1) ? "500ms, " : "")30s, 5m, 1h30m or 7d") { text in
            TimeSpan(text).flatMap { $0 >= min ? $0 : nil }
        }
    }
}

extension ValueForm<ByteCount> {
    static func bytes(min: ByteCount) -> Self {
        ValueForm(allowed: "\(min) or more, such as 134217728, 512MB or 1.5GB") { text in
            ByteCount(argument: text).flatMap { $0.bytes >= min.bytes ? $0 : nil }
        }
    }
}

extension ValueForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static var choice: Self {
        ValueForm(allowed: Value.allCases.map(\.rawValue).joined(separator: ", "), read: { Value(rawValue: $0) })
    }
}

extension ValueForm<HTTPServer.Address> {
    static let address = ValueForm(
        allowed: "host:port of this machine, such as 127.0.0.1:8000 or [::1]:8000, or a port alone", read: HTTPServer.Address.init(text:))
}
