import Base
import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How a log line looks.
public enum LineFormat: String, Sendable, CaseIterable {
    /// For people: `2026-01-05T00:00:00Z info  epoch_committed: Committed an epoch. task=usage/0 records=4096`
    case text
    /// For programs: one JSON object a line with `time`, `level`, `event`, `message` and the fields by name.
    case json

    /// Text where standard error is a terminal, JSON lines otherwise.
    public static var suitingStandardError: LineFormat { isatty(2) == 1 ? .text : .json }
}

/// Takes finished lines, newline included; called from any thread.
public struct LineOutput: Sendable {
    var write: @Sendable (String) -> Void
    public init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

    /// One `write` call a line, so that lines of several threads do not mix. A line that cannot be written is lost:
    /// there is nowhere left to say so.
    public static let standardError = LineOutput { line in
        var line = line
        line.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(2, bytes.baseAddress! + sent, bytes.count - sent)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                sent += count
            }
        }
    }
}

/// An event's fields on their way through swift-log's metadata, whose values are text only: carried as one value, so
/// that numbers stay numbers and the order is kept.
struct EventFields: CustomStringConvertible, Sendable {
    var fields: [EventField]
    var description: String { fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }
}

/// Writes swift-log's events as lines.
struct LineLogHandler: LogHandler {
    static let fieldsKey = "fields"

    let format: LineFormat
    let clock: any WallClock
    let output: LineOutput
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info

    init(format: LineFormat, clock: any WallClock, output: LineOutput) {
        self.format = format
        self.clock = clock
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let (name, fields) = split(event.metadata ?? [:])
        switch format {
        case .text: output.write(textLine(event, name, fields))
        case .json: output.write(jsonLine(event, name, fields))
        }
    }

    /// The event's name, and its fields in order: the event's own first, then metadata of other loggers by name.
    private func split(_ given: Logger.Metadata) -> (name: String?, fields: [EventField]) {
        var all = metadata.merging(metadataProvider?.get() ?? [:]) { _, new in new }.merging(given) { _, new in new }
        let name = all.removeValue(forKey: "event").map { "\($0)" }
        var fields: [EventField] = []
        if case .stringConvertible(let carried)? = all[Self.fieldsKey], let own = carried as? EventFields {
            fields = own.fields
            all[Self.fieldsKey] = nil
        }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { fields.append(EventField(key, "\(value)")) }
        return (name, fields)
    }

    private func textLine(_ event: LogEvent, _ name: String?, _ fields: [EventField]) -> String {
        var line = "\(clock.now()) " + event.level.rawValue
        line += String(repeating: " ", count: max(1, 8 - event.level.rawValue.count))
        if let name { line += name + ": " }
        line += singleLine(event.message.description)
        for field in fields {
            let value = field.value.description
            let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 32 && $0 != 34 && $0 != 61 && $0 != 127 }
            line += " \(field.name)=" + (isPlain ? value : LineJSON.quoted(value))
        }
        return line + "\n"
    }

    private func jsonLine(_ event: LogEvent, _ name: String?, _ fields: [EventField]) -> String {
        var line = "{\"time\":\"\(clock.now())\",\"level\":\"\(event.level.rawValue)\""
        if let name { line += ",\"event\":" + LineJSON.quoted(name) }
        line += ",\"message\":" + LineJSON.quoted(event.message.description)
        for field in fields { line += ",\(LineJSON.quoted(field.name)):" + LineJSON.value(field.value) }
        return line + "}\n"
    }

    /// A line break in a message would forge a second line.
    private func singleLine(_ text: String) -> String {
        text.contains(where: \.isNewline) ? String(text.map { $0.isNewline ? " " : $0 }) : text
    }
}
