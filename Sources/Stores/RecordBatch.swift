/// Where one record's parts lie while its batch is held. Pointers are into memory the batch owns.
@frozen
public struct RecordView: @unchecked Sendable {
    public var offset: Int64
    /// µs; given by whoever appended, or by the log at the time of the append.
    public var timestamp: Int64
    /// Nil when the record has no key.
    public var key: UnsafePointer<UInt8>?
    /// Nil for a tombstone.
    public var value: UnsafePointer<UInt8>?
    /// Nil when there are no headers; see `RecordHeaders`.
    public var headers: UnsafePointer<UInt8>?
    public var keyLength: Int32
    public var valueLength: Int32
    public var headersLength: Int32

    @inlinable
    public init(
        offset: Int64, timestamp: Int64, key: UnsafePointer<UInt8>?, keyLength: Int32, value: UnsafePointer<UInt8>?,
        valueLength: Int32, headers: UnsafePointer<UInt8>?, headersLength: Int32
    ) {
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.keyLength = keyLength
        self.value = value
        self.valueLength = valueLength
        self.headers = headers
        self.headersLength = headersLength
    }

    public var keyBytes: UnsafeBufferPointer<UInt8>? { key.map { .init(start: $0, count: Int(keyLength)) } }
    public var valueBytes: UnsafeBufferPointer<UInt8>? { value.map { .init(start: $0, count: Int(valueLength)) } }
    public var headerBytes: UnsafeBufferPointer<UInt8>? { headers.map { .init(start: $0, count: Int(headersLength)) } }
}

/// Records of one partition as a log hands them over: views into memory that the batch keeps alive. Reused: reading
/// into a batch forgets what it held. One thread owns it.
public final class RecordBatch {
    /// In ascending order of offset; offsets may have gaps (compaction, Kafka's markers).
    public private(set) var views: UnsafeMutablePointer<RecordView>
    public private(set) var count = 0
    private var capacity: Int
    /// What the views point into: a log keeps its buffers alive by putting them here.
    public var owners: [AnyObject] = []

    public init(capacity: Int = 4_096) {
        self.capacity = max(1, capacity)
        views = .allocate(capacity: self.capacity)
    }

    deinit { views.deallocate() }

    public func removeAll() {
        count = 0
        owners.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    public func append(_ view: RecordView) {
        if count == capacity { grow() }
        views[count] = view
        count += 1
    }

    public subscript(index: Int) -> RecordView {
        precondition(index >= 0 && index < count, "record \(index) of \(count)")
        return views[index]
    }

    private func grow() {
        let larger = UnsafeMutablePointer<RecordView>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: views, count: count)
        views.deallocate()
        views = larger
        capacity *= 2
    }
}
