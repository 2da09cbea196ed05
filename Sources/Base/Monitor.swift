#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// State behind a lock that threads can also wait on: what `Mutex` lacks. For threads that block by design (a task
/// waiting for records, an appender waiting for the disk), never for async code.
public final class Monitor<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    public init(_ state: sending State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        #if canImport(Glibc)
        // Waits are spans of time: they must not stretch or end when somebody sets the wall clock.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        #endif
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` alone. Wakes nobody: call `wakeAll` after a change that somebody may be waiting for.
    public func withLock<R>(_ body: (inout State) throws -> R) rethrows -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Has every waiting thread look at the state again.
    public func wakeAll() { pthread_cond_broadcast(condition) }

    /// Blocks until `look` finds what it looks for and returns that; nil when the time is over first. `look` runs
    /// under the lock, at once and then after each `wakeAll`, and may change the state.
    public func wait<R>(timeout: TimeSpan? = nil, until look: (inout State) -> R?) -> R? {
        var deadline = timespec()
        if let timeout {
            clock_gettime(Self.clock, &deadline)
            let sum = Int64(deadline.tv_nsec) + (min(max(timeout.microseconds, 0), Self.timeoutMax) % 1_000_000) * 1_000
            deadline.tv_sec += Int(min(max(timeout.microseconds, 0), Self.timeoutMax) / 1_000_000 + sum / 1_000_000_000)
            deadline.tv_nsec = Int(sum % 1_000_000_000)
        }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let found = look(&state) { return found }
            if timeout == nil {
                pthread_cond_wait(condition, mutex)
            } else if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT {
                return look(&state)
            }
        }
    }

    /// Ten years: the deadline's seconds do not overflow.
    private static var timeoutMax: Int64 { 10 * 365 * 86_400 * 1_000_000 }

    #if canImport(Glibc)
    private static var clock: clockid_t { CLOCK_MONOTONIC }
    #else
    private static var clock: clockid_t { CLOCK_REALTIME }
    #endif
}
