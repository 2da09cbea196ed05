public import Base

extension ErrorCode {
    /// Something failed that the engine has no name for.
    public static let unexpected = ErrorCode("engine.unexpected")
}

extension EngineError {
    /// The error itself, or a wrapping of one of another type.
    init(describing error: any Error) {
        self = error as? EngineError ?? EngineError(.unexpected, .internal, "unexpected error: \(error)")
    }
}
