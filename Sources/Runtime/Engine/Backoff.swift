import Base

/// What a thread of the engine does about an error: what waiting may mend is tried again, after twice the time of the try
/// before and up to a bound; anything else stops the engine.
struct Backoff {
    private let stop: StopSignal
    private var next = Limits.retryDelayMin

    init(stop: StopSignal) { self.stop = stop }

    mutating func reset() { next = Limits.retryDelayMin }

    /// Returns when it is time to try again, or when the engine stops. `report` is told first.
    mutating func handle(_ error: any Error, report: (_ fault: EngineError, _ retryIn: TimeSpan) -> Void) {
        let fault = EngineError(describing: error)
        guard fault.isTransient else {
            stop.stop(because: fault)
            return
        }
        report(fault, next)
        stop.wait(timeout: next)
        next = min(TimeSpan(microseconds: next.microseconds * 2), Limits.retryDelayMax)
    }
}
