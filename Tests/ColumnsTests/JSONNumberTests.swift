import Base
import Columns
import Foundation
import Testing

struct JSONNumberTests {
    func decoded(_ texts: [String]) -> [Double] {
        let schema = Schema(name: "n", fields: [.init("x", .double)])
        return decode(schema, texts.map { "{\"x\":\($0)}" }).rows.map { if case .double(let number)? = $0["x"] { number } else { .nan } }
    }

    @Test func `doubles are rounded as the C library rounds them`() {
        var random = SeededRandom(seed: 1)
        var texts = [
            "0.0", "-0.0", "0e5", "9007199254740993", "9007199254740992.5", "179769313486231570e291", "5e-324", "2.4e-324",
            "2.2250738585072011e-308",
            "123456789012345678901234567890", "0.000000000000000000000000000001234567890123456789", "1e22", "1e23", "8.5e-19",
            "18446744073709551615", "18446744073709551616",
            "1234567890123456789e19", "9999999999999999999e-19", "1152921504606847105", "1152921504606846975", "9223372036854775807e-19",
        ]
        for _ in 0..<20_000 {
            let digits = String(random.next() >> UInt64(random.below(60)))
            let split = random.below(digits.count)
            let head = String(digits.prefix(split)), tail = String(digits.dropFirst(split))
            let exponent = random.below(4) == 0 ? "e\(random.below(80) - 40)" : ""
            texts.append((head.isEmpty ? "0" : head) + "." + tail + exponent)
            texts.append(digits + exponent)
        }
        for (text, got) in zip(texts, decoded(texts)) {
            let expected = strtod(text, nil)
            #expect(got.bitPattern == expected.bitPattern, "\(text): \(got) for \(expected)")
        }
    }

    @Test func `doubles are written as Swift describes them, and read back the same`() {
        var random = SeededRandom(seed: 2)
        var numbers: [Double] = [
            0, -0.0, 1, 5, 0.1, 0.3, 1e15, 1e16, 1e22, 123456.789, 1e-4, 1e-5, 5e-324, .greatestFiniteMagnitude, 999_999_999_999_999,
            0.1 + 0.2, 1.0 / 3,
        ]
        for _ in 0..<20_000 {
            numbers.append(
                Double(random.next() >> UInt64(random.below(60))) / pow(10, Double(random.below(8))) * (random.below(2) == 0 ? 1 : -1))
            let any = Double(bitPattern: random.next())
            if any.isFinite { numbers.append(any) }
        }
        let arena = ByteArena()
        var texts: [String] = []
        for number in numbers {
            arena.removeAll()
            JSONText.append(double: number, to: arena)
            let text = String(decoding: arena.bytes, as: UTF8.self)
            #expect(text == number.description)
            texts.append(text)
        }
        #expect(zip(decoded(texts), numbers).allSatisfy { $0.bitPattern == $1.bitPattern })
    }
}
