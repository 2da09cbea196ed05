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
    let sources = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler {
            signal(number, SIG_DFL)
            work.cancel()
        }
        source.resume()
        return source
    }
    defer {
        for source in sources { source.cancel() }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }
    do {
        try await work.value
    } catch is CancellationError {
        // Being asked to stop is how it ends well.
    }
}

/// Runs `act`; the first SIGINT or SIGTERM says `words` and ends the process by that signal. For work that may be cut off
/// anywhere, because what it sends arrives whole or not at all.
func endingOnStopSignal<Result>(saying words: String, _ act: () async throws -> Result) async rethrows -> Result {
    let sources = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler {
            // Below a progress line, if there is one.
            StandardStreams.complain((isatty(2) == 1 ? "\n" : "") + words)
            signal(number, SIG_DFL)
            raise(number)
        }
        source.resume()
        return source
    }
    defer {
        for source in sources { source.cancel() }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }
    return try await act()
}
