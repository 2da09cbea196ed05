/// What a round of retention and compaction did to the log.
public struct MaintenanceReport: Hashable, Sendable {
    /// Dropped because they were too old or too many; bytes as stored.
    public var chunksExpired = 0
    public var bytesExpired = 0
    /// Records of compacted topics that a later one replaced, and tombstones that had nothing left to hide.
    public var recordsSuperseded = 0
    /// Small or thinned chunks that were written into fewer ones.
    public var chunksRewritten = 0
    public var producersForgotten = 0
    /// Whether dropped space was given back to the disk in this call; small amounts wait until it is worth the work.
    public var didReclaim = false

    public init() {}
}
