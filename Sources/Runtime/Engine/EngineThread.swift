public import Base

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension ErrorCode {
    /// The system gave no thread.
    public static let noThread = ErrorCode("engine.no_thread")
}

/// A thread that runs one function to its end. Tasks and projections block on disks and wait for records, which
/// Swift's cooperative threads must not.
struct EngineThread: @unchecked Sendable {
    private let thread: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    init(name: String, _ run: @escaping @Sendable () -> Void) throws {
        let body = Unmanaged.passRetained(Body(run))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard status == 0 else {
            body.release()
            throw EngineError(
                .noThread, .environment, "the system gave no thread for '\(name)' (error \(status))",
                remedy: "Raise the limit of processes (ulimit -u) or run fewer workers.")
        }
        self.thread = thread
    }

    /// Waits for the function to return. Call once.
    func join() { pthread_join(thread, nil) }
}
