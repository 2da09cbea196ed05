import Base
import HTTPTypes
import Hummingbird
import NIOCore

extension ErrorCode {
    /// No route has the path.
    static let apiUnknownPath = ErrorCode("api.unknown_path")
    static let apiMethodNotAllowed = ErrorCode("api.method_not_allowed")
    /// A parameter of the query or a header has a name or value that is not allowed.
    static let apiBadParameter = ErrorCode("api.bad_parameter")
    /// A text that is no cursor, or one of another query.
    static let apiBadCursor = ErrorCode("api.bad_cursor")
    /// None of the formats that `Accept` names is to be had.
    static let apiNotAcceptable = ErrorCode("api.not_acceptable")
    /// The client went, or stopped sending HTTP, before its body was whole.
    static let apiBodyIncomplete = ErrorCode("api.body_incomplete")
    /// The request's body is encoded, and the route takes it as it is only.
    static let apiBodyEncoded = ErrorCode("api.body_encoded")
    static let apiBodyTooLarge = ErrorCode("api.body_too_large")
    static let apiInternalTopic = ErrorCode("api.internal_topic")
    static let apiOutOfSequence = ErrorCode("api.out_of_sequence")
    static let apiOffsetExpired = ErrorCode("api.offset_expired")
    static let apiOffsetBeyondEnd = ErrorCode("api.offset_beyond_end")
    static let apiTooManyFollowers = ErrorCode("api.too_many_followers")
    /// The request's `Host` or `Origin` is not this machine.
    static let apiForeignHost = ErrorCode("api.foreign_host")
    /// A defect; the log has the request's id.
    static let apiUnexpected = ErrorCode("api.unexpected")
}

/// An answer that is not a success: `{"error": {"code", "message", "remedy", "allowed"}}`.
struct APIError: Error {
    var status: HTTPResponse.Status
    var code: ErrorCode
    /// One sentence: what is wrong, quoting the value.
    var message: String
    var remedy: String?
    /// The values or names that would do.
    var allowed: [String] = []
    /// Further members of the error object.
    var details: [(name: String, value: Int64)] = []
    var headers: HTTPFields = [:]
    var requestID: String?

    init(
        _ status: HTTPResponse.Status, _ code: ErrorCode, _ message: String, remedy: String? = nil, allowed: [String] = [],
        details: [(name: String, value: Int64)] = [], headers: HTTPFields = [:]
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.remedy = remedy
        self.allowed = allowed
        self.details = details
        self.headers = headers
    }

    /// A parameter's name or value is wrong. Names the nearest of `allowed`.
    static func badParameter(_ message: String, remedy: String? = nil, given: String? = nil, allowed: [String] = []) -> APIError {
        let nearest = given.flatMap { nearestName(to: $0, among: allowed) }.map { "Did you mean '\($0)'?" }
        let remedies = [nearest, remedy].compactMap { $0 }
        return APIError(
            .badRequest, .apiBadParameter, message, remedy: remedies.isEmpty ? nil : remedies.joined(separator: " "), allowed: allowed)
    }

    /// An error of the engine: its domain says whose it is, some codes say more.
    init(_ error: EngineError) {
        let notFound = ["log.unknown_topic", "log.unknown_partition", "view.unknown", "append.topic_not_read"]
        switch error.domain {
        case .user: self.init(notFound.contains(error.code.text) ? .notFound : .badRequest, error.code, error.message)
        case .environment: self.init(.serviceUnavailable, error.code, error.message)
        case .internal: self.init(.internalServerError, error.code, error.message)
        }
        remedy = error.remedy
        if error.isTransient { headers[.retryAfter] = "1" }
    }

    var response: Response { json.response(status: status, headers: headers) }

    /// For an answer of lines that has begun.
    var line: ByteBuffer {
        let json = json
        json.arena.append(byte: UInt8(ascii: "\n"))
        return json.buffer
    }

    /// The answer's body.
    var json: JSONOutput {
        let json = JSONOutput()
        json.object {
            json.field("error") {
                json.object {
                    json.field("code", code.text)
                    json.field("message", message)
                    if let remedy { json.field("remedy", remedy) }
                    if !allowed.isEmpty { json.field("allowed") { json.array(allowed) { json.value($0) } } }
                    for detail in details { json.field(detail.name, detail.value) }
                    if let requestID { json.field("request_id", requestID) }
                }
            }
        }
        return json
    }
}
