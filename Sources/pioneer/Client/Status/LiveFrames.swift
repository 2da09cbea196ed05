import ArgumentParser
import Base

/// Asks again and again, and shows each answer, until it is cancelled or its time is over.
struct LiveFrames: Sendable {
    var every: TimeSpan
    /// Nil: until it is cancelled.
    var upTo: TimeSpan?

    private static let everyMin = TimeSpan.milliseconds(100)

    static func check(every: TimeSpan) throws {
        guard every >= everyMin else { throw ValidationError("'--every \(every)' is too often.\nThe least is \(everyMin).") }
    }

    /// Shows on a screen. An engine that goes away is waited for, for as long as this runs: it may be starting again.
    func run<Answer>(
        asking ask: () async throws -> Answer, _ lines: @escaping (Answer, Terminal) -> [String]
    ) async throws {
        let screen = LiveScreen()
        defer { screen.close() }
        var last: Answer?
        try await run(waiting: screen.wait) {
            do {
                let answer = try await ask()
                last = answer
                screen.show { lines(answer, $0) }
            } catch let error as EngineError where error.isTransient {
                guard let answer = last else { throw error }
                screen.show { lines(answer, $0) + [""] + WatermarkText.wrapped(error.message, width: $0.width, indent: "") }
            }
        }
    }

    func run(_ act: () async throws -> Void) async throws {
        try await run(waiting: { try await Task.sleep(for: .microseconds($0.microseconds)) }, act)
    }

    private func run(waiting wait: (TimeSpan) async throws -> Void, _ act: () async throws -> Void) async throws {
        let watch = Stopwatch()
        while true {
            let started = watch.elapsedSeconds
            try await act()
            let next = max(watch.elapsedSeconds, started + every.seconds)
            if let upTo, next > upTo.seconds { return }
            try await wait(TimeSpan(microseconds: Int64((next - watch.elapsedSeconds) * 1e6)))
        }
    }
}
