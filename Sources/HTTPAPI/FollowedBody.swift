import Hummingbird
import ServiceLifecycle

extension ResponseBody {
    /// A body for a reader that stays: `write` runs until it returns, until the reader goes, or until the server stops,
    /// which it sees by `Task.isFollowing`. A write waits until the reader has taken what came before, so that a slow one
    /// fills no memory. The place among the followers is given back when the body goes, written or not.
    static func following(
        _ request: Request, place: AppendSignal.Place, _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> ResponseBody {
        ResponseBody { writer in
            // Without this a reader that has gone would be noticed only by the next record's write.
            try await request.body.consumeWithCancellationOnInboundClose { _ in try await write(&writer) }
            withExtendedLifetime(place) {}
            try await writer.finish(nil)
        }
    }
}

extension Task where Success == Never, Failure == Never {
    /// Whether a follower goes on: its reader is there, and the server does not stop.
    static var isFollowing: Bool { !isCancelled && !isShuttingDownGracefully }
}
