import Base
import CRdKafka
import Stores

/// Requests to the brokers that change or describe topics and groups, answered by an event.
struct KafkaAdmin {
    let handle: KafkaHandle
    let timeoutMs: Int32

    /// Asks, waits for the answer, and hands it to `read` while it lives.
    /// - Parameter start: sends the request, whose result goes to the queue.
    func ask<R>(
        _ operation: rd_kafka_admin_op_t, _ doing: String, requiringStable: Bool = false,
        start: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void, read: (_ event: OpaquePointer) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        let options = rd_kafka_AdminOptions_new(handle.pointer, operation)
        defer { rd_kafka_AdminOptions_destroy(options) }
        _ = KafkaText.filled { rd_kafka_AdminOptions_set_request_timeout(options, timeoutMs, $0, $1) }
        if requiringStable { try handle.check(rd_kafka_AdminOptions_set_require_stable_offsets(options, 1), doing) }
        let queue = rd_kafka_queue_new(handle.pointer)
        defer { rd_kafka_queue_destroy(queue) }
        start(options, queue)
        // The request ends by its own timeout; this one only guards against none.
        guard let event = rd_kafka_queue_poll(queue, timeoutMs + 1_000) else { throw handle.error(RD_KAFKA_RESP_ERR__TIMED_OUT, doing) }
        defer { rd_kafka_event_destroy(event) }
        let said = rd_kafka_event_error_string(event).map { String(cString: $0) }
        let code = rd_kafka_event_error(event)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw handle.error(code, doing, said: said) }
        return try read(event)
    }

    // MARK: Topics

    /// True when it was made, false when it was there.
    func createTopic(
        _ name: TopicName, partitionCount: Int, replication: Int, _ configuration: [(name: String, value: String)]
    ) throws(EngineError) -> Bool {
        let doing = "the topic '\(name)' could not be made"
        let (made, said) = KafkaText.filled { rd_kafka_NewTopic_new(name.text, Int32(partitionCount), Int32(replication), $0, $1) }
        guard let topic = made else { throw KafkaErrors.error(RD_KAFKA_RESP_ERR__INVALID_ARG, doing, said: said) }
        defer { rd_kafka_NewTopic_destroy(topic) }
        for (name, value) in configuration { _ = rd_kafka_NewTopic_set_config(topic, name, value) }
        return try ask(RD_KAFKA_ADMIN_OP_CREATETOPICS, doing) { options, queue in
            var topics: [OpaquePointer?] = [topic]
            rd_kafka_CreateTopics(handle.pointer, &topics, 1, options, queue)
        } read: { (event) throws(EngineError) -> Bool in
            var count = 0
            let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            guard count == 1, let result = results?[0] else { throw handle.error(RD_KAFKA_RESP_ERR__FAIL, doing) }
            let code = rd_kafka_topic_result_error(result)
            if code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS { return false }
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw handle.error(code, doing, said: rd_kafka_topic_result_error_string(result).map { String(cString: $0) })
            }
            return true
        }
    }

    /// A topic's settings: each value, and whether the topic has it of its own.
    typealias Configuration = [String: (value: String, isOwn: Bool)]

    func configurations(of topics: [TopicName]) throws(EngineError) -> [TopicName: Configuration] {
        guard !topics.isEmpty else { return [:] }
        let doing = "the settings of \(topics.count == 1 ? "topic '\(topics[0])'" : "\(topics.count) topics") could not be read"
        var resources = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0.text) }
        defer { for resource in resources { rd_kafka_ConfigResource_destroy(resource) } }
        return try ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, doing) { options, queue in
            rd_kafka_DescribeConfigs(handle.pointer, &resources, resources.count, options, queue)
        } read: { (event) throws(EngineError) -> [TopicName: Configuration] in
            var count = 0
            let results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
            var found: [TopicName: Configuration] = [:]
            for index in 0..<count {
                guard let resource = results?[index], let name = TopicName(String(cString: rd_kafka_ConfigResource_name(resource))),
                    rd_kafka_ConfigResource_error(resource) == RD_KAFKA_RESP_ERR_NO_ERROR
                else { continue }
                found[name] = Self.entries(resource)
            }
            return found
        }
    }

    private static func entries(_ resource: OpaquePointer) -> Configuration {
        var count = 0
        let entries = rd_kafka_ConfigResource_configs(resource, &count)
        var found: Configuration = [:]
        for index in 0..<count {
            guard let entry = entries?[index], let name = rd_kafka_ConfigEntry_name(entry), let value = rd_kafka_ConfigEntry_value(entry)
            else { continue }
            let isOwn = rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG
            found[String(cString: name)] = (String(cString: value), isOwn)
        }
        return found
    }

    /// Sets all of a topic's own settings: those left out go back to the brokers' standard.
    func alter(_ topic: TopicName, _ configuration: [String: String]) throws(EngineError) {
        let doing = "the settings of topic '\(topic)' could not be changed"
        let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.text)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        for (name, value) in configuration { _ = rd_kafka_ConfigResource_set_config(resource, name, value) }
        try ask(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, doing) { options, queue in
            var resources = [resource]
            rd_kafka_AlterConfigs(handle.pointer, &resources, 1, options, queue)
        } read: { (event) throws(EngineError) in
            var count = 0
            let results = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count)
            guard count == 1, let result = results?[0] else { return }
            let said = rd_kafka_ConfigResource_error_string(result).map { String(cString: $0) }
            let code = rd_kafka_ConfigResource_error(result)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw handle.error(code, doing, said: said) }
        }
    }

    // MARK: Offsets

    func deleteRecords(before offset: Offset, in partition: TopicPartition) throws(EngineError) {
        let doing = "records of \(partition) before \(offset) could not be deleted"
        let request = PartitionList([partition: offset]).with { rd_kafka_DeleteRecords_new($0) }
        defer { rd_kafka_DeleteRecords_destroy(request) }
        try ask(RD_KAFKA_ADMIN_OP_DELETERECORDS, doing) { options, queue in
            var requests = [request]
            rd_kafka_DeleteRecords(handle.pointer, &requests, 1, options, queue)
        } read: { (event) throws(EngineError) in
            guard let list = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event)), list.pointee.cnt == 1
            else { return }
            try handle.check(list.pointee.elems[0].err, doing)
        }
    }

    /// What a group has committed for one partition, once no open transaction holds it any more. Nil: nothing.
    func committedOffset(of group: String, _ partition: TopicPartition) throws(EngineError) -> Int64? {
        let doing = "the offset of \(partition) in group '\(group)' could not be read"
        let request = PartitionList([partition]).with { rd_kafka_ListConsumerGroupOffsets_new(group, $0) }
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(request) }
        return try ask(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, doing, requiringStable: true) { options, queue in
            var requests = [request]
            rd_kafka_ListConsumerGroupOffsets(handle.pointer, &requests, 1, options, queue)
        } read: { (event) throws(EngineError) -> Int64? in
            var count = 0
            let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
            guard count == 1, let result = groups?[0] else { throw handle.error(RD_KAFKA_RESP_ERR__FAIL, doing) }
            if let error = rd_kafka_group_result_error(result) {
                throw handle.error(rd_kafka_error_code(error), doing, said: String(cString: rd_kafka_error_string(error)))
            }
            guard let list = rd_kafka_group_result_partitions(result), list.pointee.cnt == 1 else { return nil }
            let found = list.pointee.elems[0]
            try handle.check(found.err, doing)
            return found.offset < 0 ? nil : found.offset
        }
    }
}
