public import Base

/// What one epoch of a task consisted of. With the inputs' records it replays the epoch byte for byte; the latest one
/// is the task's position after a restart.
public struct EpochRecord: Hashable, Sendable {
    /// What the task did, in order.
    public enum Step: Hashable, Sendable {
        /// Processed the input's records in `from..<to`.
        case slice(input: TopicPartition, from: Offset, to: Offset)
        /// Read the clock.
        case tick(EventTime)
        /// The input had been silent for its `idle_after`: it no longer holds the watermark until its next record.
        case idle(input: TopicPartition)
        /// Tasks before the hop that were doubted to be idle had kept silent for long enough since it woke: they are believed.
        case believed(input: TopicPartition)
    }

    /// What one of the tasks that write to a hop has told of its time.
    public struct UpstreamTime: Hashable, Sendable {
        /// `.earliest`: nothing yet.
        public var watermark: EventTime
        /// Whether it has no input that holds time back.
        public var isIdle: Bool

        public init(watermark: EventTime = .earliest, isIdle: Bool = false) {
            self.watermark = watermark
            self.isIdle = isIdle
        }
    }

    /// Where the task stands in one input after this epoch.
    public struct InputPosition: Hashable, Sendable {
        public var input: TopicPartition
        /// The first offset not yet processed.
        public var next: Offset
        /// The greatest event time seen; `.earliest` before the first record.
        public var maxEventTime: EventTime
        /// What the input's rows have reached: never less than in the epoch before, whatever `out_of_order` has become.
        public var watermark: EventTime
        public var isIdle: Bool
        /// Of a hop: for each task that writes to it, by its number. Empty for other inputs.
        public var upstreams: [UpstreamTime]
        /// Of a hop that has woken: those of these tasks whose word that they are idle is older than that, and the clock from
        /// which on it is believed again.
        public var doubted: Set<Int>
        public var doubtUntil: EventTime?

        public init(
            input: TopicPartition, next: Offset, maxEventTime: EventTime, watermark: EventTime, isIdle: Bool,
            upstreams: [UpstreamTime] = [], doubted: Set<Int> = [], doubtUntil: EventTime? = nil
        ) {
            self.input = input
            self.next = next
            self.maxEventTime = maxEventTime
            self.watermark = watermark
            self.isIdle = isIdle
            self.upstreams = upstreams
            self.doubted = doubted
            self.doubtUntil = doubtUntil
        }
    }

    public var epoch: Epoch
    /// Hash of the topology and schemas that ran.
    public var topologyVersion: String
    public var steps: [Step]
    public var positions: [InputPosition]
    /// The task's clock at the end of the epoch.
    public var clock: EventTime
    /// The task's watermark at the end of the epoch: the least over its sources.
    public var watermark: EventTime

    public init(
        epoch: Epoch, topologyVersion: String, steps: [Step], positions: [InputPosition], clock: EventTime, watermark: EventTime
    ) {
        self.epoch = epoch
        self.topologyVersion = topologyVersion
        self.steps = steps
        self.positions = positions
        self.clock = clock
        self.watermark = watermark
    }
}

extension EpochRecord {
    /// The first byte of every encoded record. A reader refuses versions it does not know.
    static let formatVersion: UInt8 = 3

    /// Version 3, little-endian: `[3][epoch u64][version string][clock i64][watermark i64]`
    /// `[step count u32]` steps: `[0][input][from i64][to i64]`, `[1][time i64]`, `[2][input]` (idle) or `[3][input]` (believed)
    /// `[position count u32]` positions: `[input][next i64][max event time i64][watermark i64][idle u8]`
    /// `[upstream count u32]` upstreams: `[watermark i64][flags u8]` (1: idle, 2: doubted), and if there are any
    /// `[doubt until i64]` (least: no doubt),
    /// where an input is `[topic string][partition u32]` and a string is `[length u32][UTF-8]`.
    /// Version 2 has no doubts, version 1 no upstreams either.
    public func encode(to arena: ByteArena) {
        func put(_ input: TopicPartition) {
            arena.append(lengthPrefixed: input.topic.text)
            arena.append(littleEndian: UInt32(input.partition.number))
        }
        arena.append(byte: Self.formatVersion)
        arena.append(littleEndian: epoch.number)
        arena.append(lengthPrefixed: topologyVersion)
        arena.append(littleEndian: clock.microseconds)
        arena.append(littleEndian: watermark.microseconds)
        arena.append(littleEndian: UInt32(steps.count))
        for step in steps {
            switch step {
            case .slice(let input, let from, let to):
                arena.append(byte: 0)
                put(input)
                arena.append(littleEndian: from.number)
                arena.append(littleEndian: to.number)
            case .tick(let time):
                arena.append(byte: 1)
                arena.append(littleEndian: time.microseconds)
            case .idle(let input):
                arena.append(byte: 2)
                put(input)
            case .believed(let input):
                arena.append(byte: 3)
                put(input)
            }
        }
        arena.append(littleEndian: UInt32(positions.count))
        for position in positions {
            put(position.input)
            arena.append(littleEndian: position.next.number)
            arena.append(littleEndian: position.maxEventTime.microseconds)
            arena.append(littleEndian: position.watermark.microseconds)
            arena.append(byte: position.isIdle ? 1 : 0)
            arena.append(littleEndian: UInt32(position.upstreams.count))
            for (task, upstream) in position.upstreams.enumerated() {
                arena.append(littleEndian: upstream.watermark.microseconds)
                arena.append(byte: (upstream.isIdle ? 1 : 0) | (position.doubted.contains(task) ? 2 : 0))
            }
            if !position.upstreams.isEmpty { arena.append(littleEndian: (position.doubtUntil ?? .earliest).microseconds) }
        }
    }

    /// Nil when the bytes are damaged or of another version.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        func input() -> TopicPartition? {
            guard let topic = reader.lengthPrefixedString().flatMap(TopicName.init),
                let partition = reader.littleEndian(UInt32.self)
            else { return nil }
            return TopicPartition(topic, PartitionNumber(Int32(bitPattern: partition)))
        }
        func readUpstreams(_ position: inout InputPosition, _ format: UInt8) -> Bool {
            guard let count = reader.littleEndian(UInt32.self) else { return false }
            for task in 0..<Int(count) {
                guard let watermark = reader.littleEndian(Int64.self), let flags = reader.littleEndian(UInt8.self) else { return false }
                position.upstreams.append(UpstreamTime(watermark: EventTime(microseconds: watermark), isIdle: flags & 1 != 0))
                if flags & 2 != 0 { position.doubted.insert(task) }
            }
            guard format > 2, count > 0 else { return true }
            guard let until = reader.littleEndian(Int64.self).map({ EventTime(microseconds: $0) }) else { return false }
            position.doubtUntil = until == .earliest ? nil : until
            return true
        }
        guard let format = reader.littleEndian(UInt8.self), (1...Self.formatVersion).contains(format),
            let epoch = reader.littleEndian(UInt64.self), let version = reader.lengthPrefixedString(),
            let clock = reader.littleEndian(Int64.self), let watermark = reader.littleEndian(Int64.self),
            let stepCount = reader.littleEndian(UInt32.self)
        else { return nil }
        var steps: [Step] = []
        for _ in 0..<stepCount {
            switch reader.littleEndian(UInt8.self) {
            case 0:
                guard let input = input(), let from = reader.littleEndian(Int64.self), let to = reader.littleEndian(Int64.self)
                else { return nil }
                steps.append(.slice(input: input, from: Offset(from), to: Offset(to)))
            case 1:
                guard let time = reader.littleEndian(Int64.self) else { return nil }
                steps.append(.tick(EventTime(microseconds: time)))
            case 2:
                guard let input = input() else { return nil }
                steps.append(.idle(input: input))
            case 3:
                guard let input = input() else { return nil }
                steps.append(.believed(input: input))
            default: return nil
            }
        }
        guard let positionCount = reader.littleEndian(UInt32.self) else { return nil }
        var positions: [InputPosition] = []
        for _ in 0..<positionCount {
            guard let input = input(), let next = reader.littleEndian(Int64.self),
                let maxEventTime = reader.littleEndian(Int64.self), let watermark = reader.littleEndian(Int64.self),
                let idle = reader.littleEndian(UInt8.self)
            else { return nil }
            var position = InputPosition(
                input: input, next: Offset(next), maxEventTime: EventTime(microseconds: maxEventTime),
                watermark: EventTime(microseconds: watermark), isIdle: idle != 0)
            guard format == 1 || readUpstreams(&position, format) else { return nil }
            positions.append(position)
        }
        self.init(
            epoch: Epoch(epoch), topologyVersion: version, steps: steps, positions: positions,
            clock: EventTime(microseconds: clock), watermark: EventTime(microseconds: watermark))
    }
}
