import Base
import HTTPTypes
import Stores
import Synchronization

/// Lets any number of followers wait for appends at the cost of one blocked thread.
///
/// While someone waits, one call of `EventLog.waitForAppend` is under way. It ends with the next append or after
/// `APILimits.followWait`, and then everyone who waits goes on.
final class AppendSignal: Sendable {
    private struct State {
        var waiters: [CheckedContinuation<Void, Never>] = []
        var isWatching = false
        var followers = 0
    }

    private let log: any EventLog
    private let work: BlockingWork
    private let state = Mutex(State())

    init(log: any EventLog, work: BlockingWork) {
        self.log = log
        self.work = work
    }

    /// One follower's place, given back when it goes.
    final class Place: Sendable {
        private let signal: AppendSignal
        fileprivate init(_ signal: AppendSignal) { self.signal = signal }
        deinit { signal.state.withLock { $0.followers -= 1 } }
    }

    var followerCount: Int { state.withLock { $0.followers } }

    /// Takes part as a follower. Throws `api.too_many_followers`.
    func enter() throws -> Place {
        try state.withLock { state in
            guard state.followers < APILimits.followersMax else {
                throw APIError(
                    .serviceUnavailable, .apiTooManyFollowers, "\(APILimits.followersMax) readers follow already",
                    remedy: "End some of them, or read without follow=true.")
            }
            state.followers += 1
        }
        return Place(self)
    }

    /// Returns at an append that came after `seen` was read from the log, or after a while without one.
    func wait(since seen: UInt64) async {
        guard log.appendCount == seen else { return }
        await withCheckedContinuation { continuation in
            let starts = state.withLock { state in
                state.waiters.append(continuation)
                defer { state.isWatching = true }
                return !state.isWatching
            }
            if starts { watch(since: seen) }
        }
    }

    private func watch(since seen: UInt64) {
        let log = log, work = work
        Task {
            // Fails only when the threads have ended, with the server: then the waiters go on to find that out too.
            try? await work.run { log.waitForAppend(since: seen, timeout: APILimits.followWait) }
            let waiters = self.state.withLock { state in
                defer {
                    state.waiters = []
                    state.isWatching = false
                }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }
}
