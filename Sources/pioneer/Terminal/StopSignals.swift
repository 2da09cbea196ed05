import Dispatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs `act`, and cancels it at the first SIGINT or SIGTERM; a second one ends the process as if nobody had listened.
/// Returns when `act` does.
func untilStopSignal(_ act: @escaping @Sendable () async throws -> Void) async throws {
    let work = Task { try await act() }
    let sources = stopSignalSources { _ in work.cancel() }
    defer { close(sources) }
    do {
        try await work.value
    } catch is CancellationError {
        // Being asked to stop is how it ends well.
    }
}

/// Runs `act`; the first SIGINT or SIGTERM says `words` and ends the process. For work that may be cut off
/// anywhere, because what it sends arrives whole or not at all.
func endingOnStopSignal<Result>(saying words: String, _ act: () async throws -> Result) async rethrows -> Result {
    let sources = stopSignalSources { number in
        // Below a progress line, if there is one.
        StandardStreams.complain((isatty(2) == 1 ? "\n" : "") + words)
        // As a shell reports a process that the signal ended.
        _exit(128 + number)
    }
    defer { close(sources) }
    return try await act()
}

/// Calls `stop` with the first signal that asks the process to stop; the signal's own effect is there again by then.
private func stopSignalSources(_ stop: @escaping @Sendable (Int32) -> Void) -> [any DispatchSourceSignal] {
    [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler {
            signal(number, SIG_DFL)
            stop(number)
        }
        source.resume()
        return source
    }
}

private func close(_ sources: [any DispatchSourceSignal]) {
    for source in sources { source.cancel() }
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
}
