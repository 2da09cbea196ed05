public import Base
import Columns

extension ErrorCode {
    /// A row would make a record of the state that is larger than the log takes.
    public static let stateTooLarge = ErrorCode("operator.state_too_large")
}

/// How large a group's key and each text that its aggregates hold may be, so that its entry in the state, which is one record
/// on a shared log, fits whatever came before: key and texts have equal shares of what the entry has beside them.
struct GroupBounds {
    let keyBytesMax: Int
    let textBytesMax: Int

    init(_ accumulators: [Accumulator], accumulatorBytes: Int, entryBytesMax: Int) {
        let texts = accumulators.count(where: \.holdsBytes)
        // The kind and the window's start; the value's version; each text's length.
        let fixed = 9 + 1 + accumulatorBytes + 4 * texts
        let share = max(0, entryBytesMax - fixed) / (1 + texts)
        keyBytesMax = share
        textBytesMax = share
    }

    /// Whether there can be anything larger: lengths are of 32 bits.
    var areFinite: Bool { textBytesMax < Int(UInt32.max) }
}

extension OperatorOutput {
    /// Notes a row that would make too large a record of the state.
    mutating func tooLarge(_ what: String, _ bytes: Int, _ bytesMax: Int, row: Int, of batch: Batch) {
        faults.append(
            RowFault(
                code: .stateTooLarge,
                message: "\(what) of \(bytes) bytes, and at most \(bytesMax) fit a record of the state; send less, make it shorter with"
                    + " an expression, or raise message.max.bytes (with the brokers' limit)",
                origin: batch.origins.map { Int($0.words[row]) }, row: batch.row(row)))
    }
}
