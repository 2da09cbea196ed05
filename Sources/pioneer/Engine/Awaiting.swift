import Base
import Telemetry

/// Waiting for surroundings that cannot be used yet.
enum Awaiting {
    private static let delayMax = TimeSpan.seconds(10)

    /// Tries again and again while errors are transient ones that `tell` takes; Ctrl-C ends the process, which has begun nothing
    /// then.
    ///
    /// - Parameter tell: tells of an error and the pause until the next try; false: it is thrown.
    static func result<Result>(of body: () throws -> Result, tell: (EngineError, TimeSpan) -> Bool) async throws -> Result {
        var delay = TimeSpan.seconds(1)
        while true {
            do {
                return try body()
            } catch let error as EngineError where error.isTransient && tell(error, delay) {
                try await Task.sleep(for: .microseconds(delay.microseconds))
                delay = min(TimeSpan(microseconds: delay.microseconds * 2), delayMax)
            }
        }
    }
}
