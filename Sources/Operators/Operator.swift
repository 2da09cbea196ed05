public import Base
public import Columns
public import Expressions
public import Stores

/// What an operator knows beside its rows. It never asks for more: no clock, no random numbers, no I/O of its own.
public struct OperatorContext {
    /// The task's clock, and all that expressions may read.
    public var evaluation: EvaluationContext
    /// The watermark that the operator's input has reached before this step.
    public var watermark: EventTime

    public init(evaluation: EvaluationContext, watermark: EventTime) {
        self.evaluation = evaluation
        self.watermark = watermark
    }
}

/// A row that an operator could not use. It becomes a dead letter.
public struct RowFault {
    public var code: ErrorCode
    public var message: String
    /// The index of the source record in the batch being processed, when the row stands for one.
    public var origin: Int?
    /// The row itself as path and value, when it does not.
    public var row: [String: Value]

    public init(code: ErrorCode, message: String, origin: Int?, row: [String: Value]) {
        self.code = code
        self.message = message
        self.origin = origin
        self.row = row
    }
}

/// What a step of an operator gave: batches in order, and what it could not use.
public struct OperatorOutput {
    public var batches: [Batch] = []
    public var faults: [RowFault] = []
    /// Records that came after their window had closed.
    public var lateCount = 0
    /// Windows that the step has closed; one counts once, however many groups it has.
    public var windowsClosed = 0

    public init() {}

    public mutating func removeAll() {
        batches.removeAll(keepingCapacity: true)
        faults.removeAll(keepingCapacity: true)
        lateCount = 0
        windowsClosed = 0
    }
}

/// What makes a stream: batches in, batches out. One instance serves one task and is used by its thread alone.
///
/// The task calls, in this order and for each batch: `prepare`, which names the state keys that are missing from memory;
/// `load` for each of them with what the store holds; `process`. Then, when time has moved, `advance`. At the end of an
/// epoch `collectChanges`, and after the commit `didCommit`. After an abort, and at the start, `restore`.
///
/// Results depend on the order of rows and on watermarks, never on where one batch ends and the next begins.
public protocol Operator: AnyObject {
    /// Looks the batch's keys up and asks for those that memory lacks. Rows that fail here go to `output.faults`.
    func prepare(_ batch: Batch, _ context: OperatorContext, keys: inout ByteRuns, output: inout OperatorOutput)

    /// Takes the stored value of the `index`-th key asked for; nil: the store has none. The bytes live only during the call.
    func load(_ index: Int, _ value: UnsafeRawBufferPointer?) throws(EngineError)

    /// Works on the batch that was prepared last.
    func process(_ batch: Batch, _ context: OperatorContext, output: inout OperatorOutput)

    /// Event time has reached `watermark`: no row before it comes any more, except late ones.
    func advance(to watermark: EventTime, _ context: OperatorContext, store: any StateStore, output: inout OperatorOutput) throws

    /// Adds what changed since the last commit. May be called again for the same epoch, with the same result.
    func collectChanges(into changes: inout StateChanges)

    /// The changes collected last are durable.
    func didCommit()

    /// Forgets memory; from here on the store's last committed epoch is what counts.
    func restore(from store: any StateStore) throws

    /// Bytes of memory held for state.
    var memoryBytes: Int { get }

    /// Windows that have not closed, and the groups that memory holds of them.
    var openWindowCount: Int { get }
    var groupCount: Int { get }

    /// Lets go of clean state until at most `bytes` are held, as far as that is possible. Called after commits only.
    func shrink(toBytes bytes: Int)

    /// Bytes of changes that a commit would write: an epoch ends early when this grows too large.
    var dirtyBytes: Int { get }
}

/// Operators without state need only `process`.
extension Operator {
    public func prepare(_ batch: Batch, _ context: OperatorContext, keys: inout ByteRuns, output: inout OperatorOutput) {}
    public func load(_ index: Int, _ value: UnsafeRawBufferPointer?) throws(EngineError) {}
    public func advance(
        to watermark: EventTime, _ context: OperatorContext, store: any StateStore, output: inout OperatorOutput
    ) throws {}
    public func collectChanges(into changes: inout StateChanges) {}
    public func didCommit() {}
    public func restore(from store: any StateStore) throws {}
    public var memoryBytes: Int { 0 }
    public var openWindowCount: Int { 0 }
    public var groupCount: Int { 0 }
    public func shrink(toBytes bytes: Int) {}
    public var dirtyBytes: Int { 0 }
}

extension ErrorCode {
    /// An expression failed on a row.
    public static let expressionFailed = ErrorCode("operator.expression_failed")
}

extension OperatorOutput {
    /// Notes a row whose expression failed.
    mutating func fault(_ fault: UInt8, expression name: String, row: Int, of batch: Batch) {
        let reason = ExpressionFault(rawValue: fault)?.message ?? "unknown fault \(fault)"
        faults.append(
            RowFault(
                code: .expressionFailed, message: "\(name): \(reason)", origin: batch.origins.map { Int($0.words[row]) },
                row: batch.row(row)))
    }
}
