/// What could be read of a stream. Where its declaration has mistakes, which were reported, the rest is kept, so that
/// what it refers to is checked in the same run.
public struct StreamFragment: Sendable {
    public var name: Located<String>
    public var from: Located<String>?
    /// Without the entries of `map` and `aggregate` that could not be read. Nil also where it is open what the
    /// expressions are over: of several operators, or beside something that this version lacks.
    public var operation: StreamSpecification.Operation?
    /// The aggregates of a window that could not be read itself; otherwise they are part of the operation.
    public var aggregates: [StreamSpecification.Aggregate] = []
    public var renamedFrom: Located<String>?
    /// Whether nothing is left out.
    var isWhole = true

    init(name: Located<String>, from: Located<String>?) {
        self.name = name
        self.from = from
    }

    /// The stream, if all of it could be read.
    var whole: StreamSpecification? {
        guard isWhole, let from, let operation else { return nil }
        return StreamSpecification(name: name, from: from, operation: operation, renamedFrom: renamedFrom)
    }
}
