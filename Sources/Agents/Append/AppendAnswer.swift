public import Base

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the engine says to a request, where saying it again would change nothing.
enum AppendAnswer: Equatable {
    /// The engine has the records, from this request or from one before.
    case accepted
    case outOfSequence(expected: Int64)
    case refused(code: String?, message: String, remedy: String?)
}

/// What came of one attempt. Pure: status and body in, the decision out.
enum AttemptOutcome: Equatable {
    case settled(AppendAnswer)
    /// The same request may succeed later.
    case tryAgain(why: String)

    init(status: Int, body: [UInt8]) {
        let error = ErrorBody.read(body)
        switch status {
        case 200..<300: self = .settled(.accepted)
        case 408, 425, 429, 500...: self = .tryAgain(why: Self.words(status, error))
        default:
            if status == 409, let expected = error?.expected {
                self = .settled(.outOfSequence(expected: expected))
            } else {
                self = .settled(.refused(code: error?.code, message: Self.words(status, error), remedy: error?.remedy))
            }
        }
    }

    private static func words(_ status: Int, _ error: ErrorBody?) -> String {
        "HTTP \(status)" + (error?.message.map { ": \($0)" } ?? "")
    }
}

/// `{"error": {"code": …, "message": …, "remedy": …, "expected": …}}`; every part may be missing.
struct ErrorBody: Decodable {
    var code: String?
    var message: String?
    var remedy: String?
    var expected: Int64?

    private struct Envelope: Decodable { var error: ErrorBody }

    /// Nil when the body is something else: a proxy may have answered.
    static func read(_ body: [UInt8]) -> ErrorBody? {
        (try? JSONDecoder().decode(Envelope.self, from: Data(body)))?.error
    }
}

/// `{"producer": …, "topic": …, "last_sequence": n or null}`
struct ProducerBody: Decodable {
    var lastSequence: Int64?

    private enum CodingKeys: String, CodingKey { case lastSequence = "last_sequence" }

    static func read(_ body: [UInt8]) throws -> ProducerBody {
        do {
            return try JSONDecoder().decode(ProducerBody.self, from: Data(body))
        } catch {
            throw EngineError(
                .appendAnswer, .environment,
                "the engine's answer about the producer is not understood: '\(String(decoding: body.prefix(200), as: UTF8.self))'",
                remedy: "Check that the address is a CloudPioneer engine's.")
        }
    }
}

extension ErrorCode {
    public static let appendRefused = ErrorCode("append.refused")
    public static let appendUnreachable = ErrorCode("append.unreachable")
    public static let appendAddress = ErrorCode("append.address")
    public static let appendAnswer = ErrorCode("append.answer")
}
