import Base
import Columns

/// Why a row makes no events.
struct RowFault: Error {
    var what: String
    var allowed: String?
}

/// Writes the events of a row as lines of JSON. Made of a mapping, the columns of a table and what the topic takes; a row
/// needs no look-ups by name then.
struct EventWriter {
    private enum Source {
        case cell(Int)
        /// Written already.
        case literal([UInt8])
    }

    private struct Field {
        let name: String
        let column: String
        /// `"value":`
        let key: [UInt8]
        let source: Source
        let writer: CellWriter
        let isRequired: Bool
    }

    private let shared: [Field]
    private let events: [[Field]]
    private let scratch = ByteArena(capacity: 512)

    /// Throws `append.columns`.
    /// - Parameter shift: added to the topic's event times.
    init(_ mapping: ColumnMapping, columns: [String], topic: TopicFacts, shift: TimeSpan) throws {
        let compiler = MappingCompiler(columns: columns, topic: topic, shift: shift)
        shared = try mapping.shared.map(compiler.field)
        events = try mapping.events.map { try $0.map(compiler.field) }
        for event in mapping.events.isEmpty ? [[]] : mapping.events { try compiler.checkComplete(mapping.shared + event) }
    }

    /// Appends the row's events to `out`, a newline between two. A part whose cells are all empty makes none.
    /// - Returns: the number of events, and of parts without.
    /// - Complexity: O(bytes of the row × events).
    func write(_ row: CSVReader, to out: ByteArena) throws(RowFault) -> (events: Int, empty: Int) {
        scratch.removeAll()
        let sharedCells = try write(shared, row, isFirst: true, to: scratch)
        guard !events.isEmpty else {
            guard sharedCells != 0 else { return (0, 1) }
            try checkRequired(shared, row)
            append(scratch.bytes, closing: true, to: out)
            return (1, 0)
        }
        var written = 0
        for event in events {
            let mark = out.count
            if written > 0 { out.append(byte: 0x0A) }
            append(scratch.bytes, closing: false, to: out)
            let isFirst = scratch.count == 0
            if try write(event, row, isFirst: isFirst, to: out) == 0 {
                out.truncate(to: mark)
                continue
            }
            try checkRequired(shared, row)
            try checkRequired(event, row)
            out.append(byte: UInt8(ascii: "}"))
            written += 1
        }
        return (written, events.count - written)
    }

    private func append(_ members: UnsafeBufferPointer<UInt8>, closing: Bool, to out: ByteArena) {
        out.append(byte: UInt8(ascii: "{"))
        if !members.isEmpty { out.append(members.baseAddress!, count: members.count) }
        if closing { out.append(byte: UInt8(ascii: "}")) }
    }

    /// Writes the members whose cells hold something.
    /// - Returns: how many cells did; nil where no field is of a cell.
    private func write(_ fields: [Field], _ row: CSVReader, isFirst: Bool, to out: ByteArena) throws(RowFault) -> Int? {
        var isFirst = isFirst
        var cells = 0, filled = 0
        for field in fields {
            var content: UnsafeBufferPointer<UInt8>?
            if case .cell(let index) = field.source {
                cells += 1
                let cell = field.writer.content(row.cell(index))
                if cell.isEmpty { continue }
                filled += 1
                content = cell
            }
            if !isFirst { out.append(byte: UInt8(ascii: ",")) }
            isFirst = false
            field.key.withUnsafeBufferPointer { _ = out.append($0.baseAddress!, count: $0.count) }
            switch field.source {
            case .literal(let json): json.withUnsafeBufferPointer { _ = out.append($0.baseAddress!, count: $0.count) }
            case .cell:
                do {
                    if let content { try field.writer.write(content, to: out) }
                } catch {
                    throw RowFault(what: "column '\(field.column)' is '\(error.cell)'", allowed: "'\(field.name)' takes \(error.allowed).")
                }
            }
        }
        return cells == 0 ? nil : filled
    }

    private func checkRequired(_ fields: [Field], _ row: CSVReader) throws(RowFault) {
        for field in fields where field.isRequired {
            guard case .cell(let index) = field.source, field.writer.content(row.cell(index)).isEmpty else { continue }
            throw RowFault(
                what: "column '\(field.column)' is empty", allowed: "The topic's schema has no event without '\(field.name)'.")
        }
    }

    /// Resolves a mapping's names, once a table.
    private struct MappingCompiler {
        let columns: [String]
        let topic: TopicFacts
        let shift: TimeSpan

        func field(_ assignment: ColumnMapping.Assignment) throws -> Field {
            let name = assignment.field, known = topic.field(name)
            let type = known?.type ?? .string
            let writer = CellWriter(type, shift: topic.eventTimeFields.contains(name) ? shift : .zero)
            var source: Source, column = ""
            switch assignment.value {
            case .column(let wanted):
                guard let index = columns.firstIndex(of: wanted) else { throw unknownColumn(wanted) }
                (source, column) = (.cell(index), wanted)
            case .literal(let text): source = .literal(try literal(text, writer, name))
            }
            // A column of the table that the schema does not have is kept: who reads the topic later may want it.
            if known == nil, columns.firstIndex(of: name) == nil || column != name { throw unknownField(name) }
            return Field(
                name: name, column: column, key: Array((JSONText.quoted(name) + ":").utf8), source: source, writer: writer,
                isRequired: topic.isRequired(name))
        }

        private func literal(_ text: String, _ writer: CellWriter, _ field: String) throws -> [UInt8] {
            let out = ByteArena()
            var text = text
            do {
                try text.withUTF8 { try writer.write($0, to: out) }
            } catch let error as CellFault {
                throw EngineError(
                    .appendColumns, .user, "--columns gives the field '\(field)' the text '\(error.cell)'",
                    remedy: "'\(field)' takes \(error.allowed).")
            }
            return Array(out.bytes)
        }

        /// Every event has what the schema has no event without.
        func checkComplete(_ assignments: [ColumnMapping.Assignment]) throws {
            let given = Set(assignments.map(\.field))
            for name in topic.requiredFields where !given.contains(name) {
                let nearest = nearestName(to: name, among: columns).map { "Is it the column '\($0)'? " } ?? ""
                throw EngineError(
                    .appendColumns, .user,
                    "no column gives the field '\(name)', which every record of '\(topic.name)' must have",
                    remedy: "\(nearest)Map one with --columns '\(name)=column', or give a text: '\(name)=\"text\"'.\n"
                        + "Columns: \(columns.joined(separator: ", ")).")
            }
        }

        private func unknownColumn(_ name: String) -> EngineError {
            let nearest = nearestName(to: name, among: columns).map { "Did you mean '\($0)'? " } ?? ""
            return EngineError(
                .appendColumns, .user, "--columns: the table has no column '\(name)'",
                remedy: "\(nearest)Columns: \(columns.joined(separator: ", ")).")
        }

        private func unknownField(_ name: String) -> EngineError {
            let fields = topic.fieldNames
            let nearest = nearestName(to: name, among: fields).map { "Did you mean '\($0)'? " } ?? ""
            return EngineError(
                .appendColumns, .user, "--columns: the records of '\(topic.name)' have no field '\(name)'",
                remedy: "\(nearest)Fields: \(fields.joined(separator: ", ")).")
        }
    }
}
