import Base
import Columns

/// Decodes texts as one batch: the rows that are, and the faults by text.
func decode(_ schema: Schema, _ texts: [String], projection: [Bool]? = nil) -> (rows: [[String: Value]], faults: [RecordFault?]) {
    let decoder = JSONRecordDecoder(schema: schema, projection: projection)
    decoder.begin(capacity: texts.count)
    let faults = texts.map { decoder.append(text: $0) }
    return (rows(decoder.finish(), decoder.type), faults)
}

func rows(_ columns: [Column], _ type: RowType) -> [[String: Value]] {
    (0..<(columns.first?.count ?? 0)).map { row in
        Dictionary(uniqueKeysWithValues: zip(type.columns, columns).map { ($0.path, $1.value(at: row)) })
    }
}

/// The value of the only field `x` of type `type` in `{"x": json}`, or the fault's code.
func value(_ json: String, as type: AvroType, isNullable: Bool = false) -> (value: Value?, code: String?) {
    let schema = Schema(name: "test", fields: [.init("x", type, isNullable: isNullable)])
    let result = decode(schema, ["{\"x\": \(json)}"])
    return (result.rows.first?["x"], result.faults[0]?.code.text)
}

func bytes(_ bytes: [UInt8], _ schema: Schema) -> RecordFault? {
    let decoder = JSONRecordDecoder(schema: schema)
    decoder.begin(capacity: 1)
    return bytes.withUnsafeBufferPointer { decoder.append($0.baseAddress!, count: $0.count) }
}
