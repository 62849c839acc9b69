use serde_json::json;

use crate::import::Format;
use crate::import::tests::{event, refusal};

fn record(fields: serde_json::Value) -> serde_json::Value {
    let mut record = json!({"eventName": "GetObject", "eventSource": "s3.amazonaws.com"});
    record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event(Format::CloudTrail, &record)
}

#[test]
fn types_name_service_and_act() {
    for (source, name, expected) in [
        (
            "lambda.amazonaws.com",
            "UpdateFunctionConfiguration20150331v2",
            "aws.lambda.update_function_configuration",
        ),
        ("signin.amazonaws.com", "ConsoleLogin", "aws.signin.console_login"),
        (
            "ec2-instance-connect.amazonaws.com",
            "SendSSHPublicKey",
            "aws.ec2_instance_connect.send_ssh_public_key",
        ),
        ("", "DeleteBucket", "aws.unknown.delete_bucket"),
    ] {
        let event = record(json!({"eventSource": source, "eventName": name}));
        assert_eq!(event["type"], expected);
        assert_eq!(event["metadata"]["eventName"], name, "the vendor's own word is kept");
    }
}

#[test]
fn lowered_field_names_are_the_same_fields() {
    let event = event(
        Format::CloudTrail,
        &json!({"eventname": "CreateIPSet", "eventsource": "guardduty.amazonaws.com",
                "eventtime": "2022-07-17 04:50:23",
                "useridentity": {"type": "IAMUser", "username": "ann", "accountid": "1"}}),
    );
    assert_eq!(event["type"], "aws.guardduty.create_ip_set");
    assert_eq!(event["occurred_at"], "2022-07-17T04:50:23Z");
    assert_eq!(event["actor"]["id"], "ann");
    assert_eq!(event["metadata"]["eventName"], "CreateIPSet");
}

#[test]
fn actors_are_persons_unless_plainly_programs() {
    let role = |session: &str| json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::1:assumed-role/Admin{session}")});
    for (identity, actor_type, name) in [
        (json!({"type": "Root", "arn": "arn:aws:iam::1:root"}), "user", "root"),
        (
            json!({"type": "IAMUser", "arn": "arn:aws:iam::1:user/ann", "userName": "ann"}),
            "user",
            "ann",
        ),
        (role("/ann"), "user", "ann"),
        (role("/i-0abcdef1234567890"), "service", "i-0abcdef1234567890"),
        (role("/1641313043312360000"), "service", "1641313043312360000"),
        (role("/aws-go-sdk-1722511821294449000"), "service", "aws-go-sdk-1722511821294449000"),
        (role(""), "service", "Admin"),
        (json!({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/bo"}), "user", "bo"),
    ] {
        let actor = &record(json!({ "userIdentity": identity }))["actor"];
        assert_eq!(
            (&actor["type"], &actor["name"]),
            (&json!(actor_type), &json!(name)),
            "{identity}"
        );
    }
    let service =
        record(json!({"userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}}));
    assert_eq!(service["actor"], json!({"type": "service", "id": "ec2.amazonaws.com"}));
    assert_eq!(record(json!({"userIdentity": {}}))["actor"], json!({"type": "anonymous"}));
    assert_eq!(record(json!({}))["actor"], json!({"type": "anonymous"}));
}

#[test]
fn error_codes_tell_the_outcome() {
    for (fields, status, severity) in [
        (json!({}), "success", "info"),
        (json!({"errorCode": "AccessDenied"}), "denied", "warning"),
        (json!({"errorCode": "Client.UnauthorizedOperation"}), "denied", "warning"),
        (json!({"errorCode": "BucketNotEmpty", "errorMessage": "not empty"}), "failure", "warning"),
        (json!({"errorMessage": "Failed authentication"}), "failure", "warning"),
        (json!({"responseElements": {"ConsoleLogin": "Failure"}}), "failure", "warning"),
        (json!({"responseElements": {"ConsoleLogin": "Success"}}), "success", "info"),
    ] {
        let event = record(fields.clone());
        assert_eq!(
            (&event["outcome"]["status"], &event["severity"]),
            (&json!(status), &json!(severity)),
            "{fields}"
        );
    }
}

#[test]
fn only_addresses_are_addresses() {
    assert_eq!(
        record(json!({"sourceIPAddress": "2001:db8::1"}))["client"],
        json!({"ip": "2001:db8::1"})
    );
    let internal = record(json!({"sourceIPAddress": "AWS Internal"}));
    assert_eq!(internal.get("client"), None);
    assert_eq!(internal["metadata"]["sourceIPAddress"], "AWS Internal");
}

#[test]
fn an_iam_call_about_a_user_concerns_that_user_by_the_id_they_act_under() {
    let event = record(json!({
        "eventSource": "iam.amazonaws.com", "eventName": "AttachUserPolicy",
        "recipientAccountId": "111", "requestParameters": {"userName": "bo", "policyArn": "arn:p"},
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111:user/ann", "userName": "ann"},
    }));
    assert_eq!(event["subject"], json!({"id": "arn:aws:iam::111:user/bo", "name": "bo"}));
    assert_eq!(event["operation"], "grant");
    assert_eq!(
        event["targets"],
        json!([{"type": "AWS::IAM::Policy", "id": "arn:p"}, {"type": "AWS::IAM::User", "id": "bo"}])
    );
}

#[test]
fn resources_of_a_surprising_form_stay_as_they_came() {
    let event = record(json!({"resources": ["{'arn': 'x'}", {"ARN": "arn:aws:kms:eu:1:key/2"}]}));
    assert_eq!(event["targets"], json!([{"type": "aws.kms", "id": "arn:aws:kms:eu:1:key/2"}]));
    assert_eq!(event["metadata"]["resources"][0], "{'arn': 'x'}");
}

#[test]
fn temporary_keys_are_sessions() {
    let event = record(json!({"userIdentity": {"type": "AssumedRole", "accessKeyId": "ASIAX",
        "arn": "arn:aws:sts::1:assumed-role/Admin/ann",
        "sessionContext": {"attributes": {"mfaAuthenticated": "true"}}}}));
    assert_eq!(event["session"], json!({"id": "ASIAX", "mfa": true}));
    assert_eq!(event["actor"]["roles"], json!(["Admin"]));
}

#[test]
fn odd_values_never_stop_an_import() {
    for odd in [
        json!({"userIdentity": "root"}),
        json!({"userIdentity": {"type": 7, "arn": ["a"], "userName": null}}),
        json!({"resources": {"a": 1}, "requestParameters": "text", "responseElements": 3}),
        json!({"eventTime": "...", "sourceIPAddress": 12, "errorCode": {"a": 1}}),
        json!({"userAgent": "x".repeat(50_000), "requestID": "y".repeat(5_000)}),
        json!({"eventSource": "....", "readOnly": "maybe"}),
    ] {
        record(odd);
    }
    assert_eq!(
        refusal(Format::CloudTrail, &json!({"eventType": "AwsServiceEvent"})),
        "has no `eventName`: no act is told"
    );
}
