import Columns

/// What `pioneer config` prints.
struct SettingsReport {
    private let settings: ResolvedSettings
    private let entries: [ResolvedSettings.Entry]

    /// - Parameter names: those to show; none: all.
    init(_ settings: ResolvedSettings, names: [String]) {
        self.settings = settings
        entries = settings.entries.filter { names.isEmpty || names.contains($0.declaration.name) }
    }

    /// A line for each setting, and below it what it means.
    func lines(_ terminal: Terminal) -> [String] {
        let style = Style(terminal)
        var table = TextTable([.init("SETTING"), .init("VALUE"), .init("FROM")])
        for entry in entries { table.add([entry.declaration.name, Self.shown(entry), entry.origin.description]) }
        for property in properties { table.add(["kafka: " + property.name, property.shown, property.origin]) }
        let rows = table.lines(width: terminal.width, style: style)
        var lines = [fileLine, ""]
        if rows.count == entries.count + properties.count + 1 {
            lines.append(rows[0])
            for (row, entry) in zip(rows.dropFirst(), entries) { lines += [row, style(.dim, "  " + entry.declaration.help)] }
            lines += rows.suffix(properties.count)
        } else {
            // Too narrow for a table, which wrote its rows one below the other.
            lines += rows
        }
        if !settings.passedOver.isEmpty {
            lines += ["", "read by tests of the sources only: " + settings.passedOver.joined(separator: ", ")]
        }
        return lines
    }

    /// Properties of librdkafka that the file sets, with where that is.
    private var properties: [(name: String, shown: String, origin: String)] {
        let isShown = entries.contains { $0.declaration.name == Settings.kafka.declaration.name }
        guard isShown, let file = settings.file else { return [] }
        return file.kafkaProperties.sorted { $0.key < $1.key }.filter { $0.key != KafkaProperty.servers }.map {
            ($0.key, $0.value.shown(name: $0.key), ResolvedSettings.Origin.file($0.value.place).description)
        }
    }

    private var fileLine: String {
        guard let file = settings.file else { return "file: none (neither --config, $PIONEER_CONFIG nor \(SettingsFile.pathDefault))" }
        return "file: \(file.path), taken \(file.choice.description)"
    }

    private static func shown(_ entry: ResolvedSettings.Entry) -> String {
        guard let text = entry.text else { return "(\(entry.declaration.otherwise))" }
        return entry.isSecret ? redacted : text
    }

    static let redacted = "<redacted>"

    var json: JSONValue {
        let list = entries.map { entry -> JSONValue in
            let setting = entry.declaration
            return JSONValue(members: [
                ("name", .text(setting.name)),
                ("value", .text(entry.text.map { entry.isSecret ? Self.redacted : $0 })),
                ("origin", .text(entry.origin.description)),
                ("default", .text(setting.standard)),
                ("otherwise", .text(setting.otherwise.isEmpty ? nil : setting.otherwise)),
                ("allowed", .text(setting.allowed)),
                ("flag", .text(setting.flag)),
                ("variable", .text(setting.variable)),
                ("commands", .list(setting.commands.map { .text($0) })),
                ("meaning", .text(setting.help)),
            ])
        }
        let file = settings.file.map {
            JSONValue(members: [("path", .text($0.path)), ("taken", .text($0.choice.description))])
        }
        let kafka = properties.map {
            JSONValue(members: [("name", .text($0.name)), ("value", .text($0.shown)), ("origin", .text($0.origin))])
        }
        return JSONValue(members: [("file", file ?? JSONValue(.null)), ("settings", .list(list)), ("kafka_properties", .list(kafka))])
    }
}
