import Base
import Dispatch
import HTTPAPI
import Planner
import Runtime
import Stores

/// A running engine with its HTTP interface, from start to a clean stop.
struct EngineHost {
    let engine: Engine
    let data: DataDirectory
    let listen: HTTPServer.Address
    let clock: any WallClock

    /// Returns when a stop was asked for and everything open is committed. Throws what stopped the engine otherwise.
    func run() async throws {
        let data = data, host = listen.host
        let server = try HTTPServer(engine: ServedEngine(engine: engine, clock: clock), clock: clock, address: listen) { port in
            let address = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
            do {
                try data.writeAddress(address)
            } catch {
                // Commands can still be told the address with --to.
                StandardStreams.complain("pioneer: \(error)")
            }
            StandardStreams.complain("pioneer: listening on \(address), data in \(data.path); Ctrl-C stops")
        }
        try engine.start()
        let served: Result<Void, any Error>
        do {
            served = .success(try await untilStopSignal { try await serve(server) })
        } catch {
            served = .failure(error)
        }
        // What stopped the engine says more than what became of the server afterwards.
        try await end()
        try served.get()
    }

    /// Serves until cancelled, or until the engine stops by itself.
    private func serve(_ server: HTTPServer) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { await waitForStop() }
            // Whichever ends first ends the other.
            try await group.next()
            group.cancelAll()
        }
    }

    private func waitForStop() async {
        while !engine.isStopping {
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
        }
    }

    /// Has the engine commit and end, on a thread that may block.
    private func end() async throws {
        engine.stop()
        let engine = engine
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async { done.resume(with: Result { try engine.join() }) }
        }
    }
}
