import Base

/// One field of an object that the decoder fills. Plain data in the plan's memory.
struct DecodeSlot {
    enum Kind: UInt8 {
        case bool, int32, int64, float, double, string, enumeration, bytes, map, record, millis, micros, date, uuid, duration
    }

    var kind: Kind
    /// Whether null is a value of the field.
    var isNullable: Bool
    var hasDefault = false
    /// The column; of a nullable record its presence column; -1 for a record that is always there.
    var column: Int
    /// The object of a record's fields, else -1.
    var object = -1
    /// The object visit that last met the field: tells missing fields and repeated keys apart without clearing anything.
    var stamp: UInt64 = 0
    /// The column's memory; given for each batch.
    var storage: UnsafeMutableRawPointer
    var validity: UnsafeMutablePointer<UInt8>?
    /// What a missing field holds, as the column has it; for strings a reference into the batch's arena.
    var defaultWord: Int64 = 0
    /// Bytes of a string-like default, or the text of a record's default: in the plan's texts.
    var defaultOffset = 0
    var defaultLength = 0
    var keyOffset: Int
    var keyLength: Int
    /// An enum's symbols in the plan's symbol table.
    var symbolStart = 0
    var symbolCount = 0
}

/// The fields of one record: its slots lie side by side.
struct DecodeObject {
    var slotStart: Int
    var slotCount: Int
    /// Keys met so far in the order of recent records, the decoder's guess at what comes next.
    var guessCount = 0
    var guesses: UnsafeMutablePointer<KeyGuess>
    /// Hash table of slot indices by key, -1 where empty; a power of two, at most half full.
    var table: UnsafeMutablePointer<Int32>
    var tableMask: Int
}

/// A key that stood at this place in an earlier record, with its quotes, padded with zeros.
struct KeyGuess {
    typealias Text = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
    static let bytesMax = MemoryLayout<Text>.size
    /// How many keys of an object are learnt; those that follow are looked up.
    static let countMax = 64

    var text: Text = (0, 0, 0, 0, 0, 0)
    var length = 0
    /// -1: no field of the schema.
    var slot = -1
}

/// A schema compiled for decoding: flat tables in memory that the plan owns.
final class DecodePlan {
    private(set) var slots: UnsafeMutablePointer<DecodeSlot>
    private(set) var objects: UnsafeMutablePointer<DecodeObject>
    private(set) var slotCount = 0
    private(set) var objectCount = 0
    /// Keys, symbols and defaults.
    let texts = ByteArena(capacity: 1_024)
    /// Where enum symbols lie in `texts`.
    let symbols: UnsafeMutablePointer<BytesReference>
    private var symbolCount = 0
    /// For faults, by slot.
    private(set) var paths: [String] = []
    private(set) var expectations: [String] = []

    private let nothing = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)

    init(schema: Schema, isWanted: (Int) -> Bool) {
        let bounds = Self.bounds(of: schema)
        slots = .allocate(capacity: bounds.fields + 1)
        objects = .allocate(capacity: bounds.records + 1)
        symbols = .allocate(capacity: bounds.symbols + 1)
        var column = 0
        _ = addObject(schema, path: "", column: &column, isWanted: isWanted)
    }

    deinit {
        for i in 0..<objectCount {
            objects[i].guesses.deallocate()
            objects[i].table.deallocate()
        }
        slots.deallocate()
        objects.deallocate()
        symbols.deallocate()
        nothing.deallocate()
    }

    private static func bounds(of schema: Schema) -> (fields: Int, records: Int, symbols: Int) {
        var result = (fields: schema.fields.count, records: 1, symbols: 0)
        for field in schema.fields {
            switch field.type {
            case .record(let nested):
                let inner = bounds(of: nested)
                result.fields += inner.fields
                result.records += inner.records
                result.symbols += inner.symbols
            case .enumeration(_, let names): result.symbols += names.count
            default: break
            }
        }
        return result
    }

    /// Adds a record's slots, then its nested records'. Columns count on in declaration order, as `Schema.rowType` has them.
    private func addObject(_ schema: Schema, path: String, column: inout Int, isWanted: (Int) -> Bool) -> Int {
        var wanted: [(field: Schema.Field, column: Int, firstLeaf: Int)] = []
        for field in schema.fields {
            guard case .record(let nested) = field.type else {
                if isWanted(column) { wanted.append((field, column, column)) }
                column += 1
                continue
            }
            let first = column
            column += (field.isNullable ? 1 : 0) + nested.rowType.columns.count
            if (first..<column).contains(where: isWanted) {
                wanted.append((field, field.isNullable ? first : -1, field.isNullable ? first + 1 : first))
            }
        }
        let index = objectCount
        objectCount += 1
        let start = slotCount
        slotCount += wanted.count
        for (place, entry) in wanted.enumerated() { addSlot(at: start + place, entry.field, path: path, column: entry.column) }
        objects[index] = makeObject(slots: start..<slotCount)
        for (place, entry) in wanted.enumerated() {
            guard case .record(let nested) = entry.field.type else { continue }
            var leaf = entry.firstLeaf
            slots[start + place].object = addObject(nested, path: path + entry.field.name + ".", column: &leaf, isWanted: isWanted)
        }
        return index
    }

    private func addSlot(at index: Int, _ field: Schema.Field, path: String, column: Int) {
        var slot = DecodeSlot(
            kind: field.type.decodeKind, isNullable: field.isNullable, column: column, storage: nothing,
            keyOffset: texts.append(field.name), keyLength: field.name.utf8.count)
        if case .enumeration(_, let names) = field.type {
            slot.symbolStart = symbolCount
            slot.symbolCount = names.count
            for name in names {
                symbols[symbolCount] = BytesReference(offset: texts.append(name), length: name.utf8.count)
                symbolCount += 1
            }
        }
        if let text = field.defaultJSON { setDefault(text, field, &slot) }
        slots[index] = slot
        paths.append(path + field.name)
        expectations.append(field.type.allowedJSON + (field.isNullable ? " or null" : ""))
    }

    /// A default is decoded once, as a record of this one field would be.
    private func setDefault(_ text: String, _ field: Schema.Field, _ slot: inout DecodeSlot) {
        let json = field.type.defaultInRecordForm(text)
        guard json != "null" else { return }
        slot.hasDefault = true
        if case .record = field.type {
            slot.defaultLength = json.utf8.count
            slot.defaultOffset = texts.append(json)
            return
        }
        let single = Schema.Field("value", field.type)
        let decoder = JSONRecordDecoder(schema: Schema(name: "default", fields: [single]))
        decoder.begin(capacity: 1)
        let fault = decoder.append(text: "{\"value\":\(json)}")
        precondition(fault == nil, "the schema's default \(text) of field '\(field.name)' is not \(field.type.allowedJSON)")
        let values = decoder.finish()[0]
        switch values.type.layout {
        case .byte: slot.defaultWord = Int64(values.flags[0])
        case .word: slot.defaultWord = values.words[0]
        case .reference:
            slot.defaultLength = Int(values.references[0].length)
            slot.defaultOffset = texts.append(UnsafeRawBufferPointer(values.bytes(at: 0)))
        }
    }

    private func makeObject(slots range: Range<Int>) -> DecodeObject {
        var size = 8
        while size < 2 * range.count { size *= 2 }
        let table = UnsafeMutablePointer<Int32>.allocate(capacity: size)
        table.initialize(repeating: -1, count: size)
        let guesses = UnsafeMutablePointer<KeyGuess>.allocate(capacity: KeyGuess.countMax)
        guesses.initialize(repeating: KeyGuess(), count: KeyGuess.countMax)
        for i in range {
            var at = Int(truncatingIfNeeded: Hashing.table(texts.base + slots[i].keyOffset, count: slots[i].keyLength)) & (size - 1)
            while table[at] >= 0 { at = (at + 1) & (size - 1) }
            table[at] = Int32(i)
        }
        return DecodeObject(slotStart: range.lowerBound, slotCount: range.count, guesses: guesses, table: table, tableMask: size - 1)
    }
}

extension AvroType {
    var decodeKind: DecodeSlot.Kind {
        switch self {
        case .boolean: .bool
        case .int: .int32
        case .long: .int64
        case .float: .float
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .enumeration: .enumeration
        case .map: .map
        case .record: .record
        case .timestampMillis: .millis
        case .timestampMicros: .micros
        case .date: .date
        case .uuid: .uuid
        case .duration: .duration
        }
    }

    /// What a record's JSON may hold for the type, for messages.
    var allowedJSON: String {
        switch self {
        case .boolean: "true or false"
        case .int: "a whole number of 32 bits"
        case .long: "a whole number of 64 bits"
        case .float, .double: "a number (or \"NaN\", \"Infinity\", \"-Infinity\")"
        case .string: "a string"
        case .bytes: "a base64 string with padding"
        case .enumeration(_, let symbols): "one of " + symbols.map { "\"\($0)\"" }.joined(separator: ", ")
        case .map: "an object of strings"
        case .record: "an object"
        case .timestampMillis: "an \(EventTime.allowedForm), or milliseconds since 1970, in the years 1 to 9999"
        case .timestampMicros: "an \(EventTime.allowedForm), or microseconds since 1970, in the years 1 to 9999"
        case .date: "a date like \"2026-01-05\", or days since 1970-01-01, in the years 1 to 9999"
        case .uuid: "a UUID like \"0190b6a0-7c1e-7000-8000-00c04fd430c8\""
        case .duration: "seconds as a string, like \"1.5s\""
        }
    }

    /// A default's JSON as records of the topic would write it. They differ for bytes alone: Avro writes a default of
    /// bytes as a string of the characters U+0000...U+00FF, records as base64.
    func defaultInRecordForm(_ text: String) -> String {
        guard let value = try? JSONValue.parse(text) else { return text }
        return defaultInRecordForm(value).description
    }

    private func defaultInRecordForm(_ value: JSONValue) -> JSONValue {
        switch (self, value.kind) {
        case (.bytes, .string(let text)):
            let arena = ByteArena()
            JSONText.append(.bytes(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }), to: arena)
            return JSONValue(.string(String(decoding: arena.bytes.dropFirst().dropLast(), as: UTF8.self)))
        case (.record(let schema), .object(let members)):
            return JSONValue(.object(members.map { member in
                guard let field = schema.fields.first(where: { $0.name == member.key }) else { return member }
                return JSONMember(key: member.key, value: field.type.defaultInRecordForm(member.value))
            }))
        default: return value
        }
    }
}
