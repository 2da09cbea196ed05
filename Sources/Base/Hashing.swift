/// Hashes of byte runs. Neither is for adversaries: tables that hold outside keys are bounded by `memory_max`.
public enum Hashing {
    /// Kafka's default partitioner hash: MurmurHash2, 32 bits, seed 0x9747b28c (Java `Utils.murmur2`).
    @inlinable
    public static func murmur2(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
        let m: UInt32 = 0x5bd1_e995
        let length = bytes.count
        var h: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: length)
        let raw = UnsafeRawBufferPointer(bytes)
        let words = length / 4
        for i in 0..<words {
            var k = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: i &* 4, as: UInt32.self))
            k = k &* m
            k ^= k >> 24
            h = (h &* m) ^ (k &* m)
        }
        let tail = words &* 4
        let left = length &- tail
        if left == 3 { h ^= UInt32(bytes[tail &+ 2]) << 16 }
        if left >= 2 { h ^= UInt32(bytes[tail &+ 1]) << 8 }
        if left >= 1 {
            h ^= UInt32(bytes[tail])
            h = h &* m
        }
        h ^= h >> 13
        h = h &* m
        h ^= h >> 15
        return Int32(bitPattern: h)
    }

    /// The partition a Java client sends a key to: `toPositive(murmur2(key)) % partitions`.
    @inlinable
    public static func partition(of key: UnsafeBufferPointer<UInt8>, among partitions: Int) -> PartitionNumber {
        PartitionNumber(Int(murmur2(key) & 0x7fff_ffff) % partitions)
    }

    /// A 64-bit hash for in-memory tables, after wyhash's multiply-and-fold over eight-byte words.
    @inlinable
    public static func table(_ bytes: UnsafePointer<UInt8>, count: Int, seed: UInt64 = 0) -> UInt64 {
        let raw = UnsafeRawPointer(bytes)
        // Seed and length are mixed before the bytes, so that none of the three can cancel another out.
        var h = fold(seed ^ 0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db ^ UInt64(truncatingIfNeeded: count))
        var at = 0
        while at &+ 8 <= count {
            h = fold(h ^ raw.loadUnaligned(fromByteOffset: at, as: UInt64.self), 0xe703_7ed1_a0b4_28db)
            at &+= 8
        }
        var tail: UInt64 = 0
        var shift: UInt64 = 0
        while at < count {
            tail |= UInt64(bytes[at]) << shift
            shift &+= 8
            at &+= 1
        }
        return fold(h ^ tail, 0x8ebc_6af0_9c88_c6e3)
    }

    @inlinable
    static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
