"""What is said inside MTProto, as lines of Telegram's own schema: calls, and the words of the transport.

Only what carries messages, or says what else leaves the phone; layers 143 to 229, the newest of a name
last. Fields that are only a flag are left out, as in the checksum: the number of a constructor is the CRC-32
of its line, so that a line with a slip is never met. core.telegram.org/schema, as client libraries carry it
(the schema files of Pyrogram, kurigram and GramJS; read 2026-11-21).
"""

CALLS = """\
msgs_ack msg_ids:Vector<long> = MsgsAck;
bad_msg_notification bad_msg_id:long bad_msg_seqno:int error_code:int = BadMsgNotification;
bad_server_salt bad_msg_id:long bad_msg_seqno:int error_code:int new_server_salt:long = BadMsgNotification;
msgs_state_req msg_ids:Vector<long> = MsgsStateReq;
msgs_state_info req_msg_id:long info:string = MsgsStateInfo;
msg_detailed_info msg_id:long answer_msg_id:long bytes:int status:int = MsgDetailedInfo;
msg_new_detailed_info answer_msg_id:long bytes:int status:int = MsgDetailedInfo;
msg_resend_req msg_ids:Vector<long> = MsgResendReq;
rpc_result req_msg_id:long result:Object = RpcResult;
rpc_error error_code:int error_message:string = RpcError;
pong msg_id:long ping_id:long = Pong;
new_session_created first_msg_id:long unique_id:long server_salt:long = NewSession;
http_wait max_delay:int wait_after:int max_wait:int = HttpWait;
ping ping_id:long = Pong;
ping_delay_disconnect ping_id:long disconnect_delay:int = Pong;
boolTrue = Bool;
boolFalse = Bool;
contacts.importContacts contacts:Vector<InputContact> = contacts.ImportedContacts;
help.getConfig = Config;
initConnection {X:Type} flags:# api_id:int device_model:string system_version:string app_version:string
system_lang_code:string lang_pack:string lang_code:string proxy:flags.0?InputClientProxy
params:flags.1?JSONValue query:!X = X;
invokeAfterMsg {X:Type} msg_id:long query:!X = X;
invokeAfterMsgs {X:Type} msg_ids:Vector<long> query:!X = X;
invokeWithLayer {X:Type} layer:int query:!X = X;
invokeWithoutUpdates {X:Type} query:!X = X;
invokeWithTakeout {X:Type} takeout_id:long query:!X = X;
messages.acceptEncryption peer:InputEncryptedChat g_b:bytes key_fingerprint:long = EncryptedChat;
messages.editMessage flags:# peer:InputPeer id:int message:flags.11?string media:flags.14?InputMedia
reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity> schedule_date:flags.15?int = Updates;
messages.editMessage flags:# peer:InputPeer id:int message:flags.11?string media:flags.14?InputMedia
reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity> schedule_date:flags.15?int
quick_reply_shortcut_id:flags.17?int = Updates;
messages.editMessage flags:# peer:InputPeer id:int message:flags.11?string media:flags.14?InputMedia
reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity> schedule_date:flags.15?int
schedule_repeat_period:flags.18?int quick_reply_shortcut_id:flags.17?int
rich_message:flags.23?InputRichMessage = Updates;
messages.readHistory peer:InputPeer max_id:int = messages.AffectedMessages;
messages.requestEncryption user_id:InputUser random_id:int g_a:bytes = EncryptedChat;
messages.saveDraft flags:# reply_to:flags.4?InputReplyTo peer:InputPeer message:string
entities:flags.3?Vector<MessageEntity> media:flags.5?InputMedia = Bool;
messages.saveDraft flags:# reply_to:flags.4?InputReplyTo peer:InputPeer message:string
entities:flags.3?Vector<MessageEntity> media:flags.5?InputMedia effect:flags.7?long = Bool;
messages.saveDraft flags:# reply_to:flags.4?InputReplyTo peer:InputPeer message:string
entities:flags.3?Vector<MessageEntity> media:flags.5?InputMedia effect:flags.7?long
suggested_post:flags.8?SuggestedPost = Bool;
messages.saveDraft flags:# reply_to:flags.4?InputReplyTo peer:InputPeer message:string
entities:flags.3?Vector<MessageEntity> media:flags.5?InputMedia effect:flags.7?long
suggested_post:flags.8?SuggestedPost rich_message:flags.9?InputRichMessage = Bool;
messages.sendEncrypted flags:# peer:InputEncryptedChat random_id:long data:bytes =
messages.SentEncryptedMessage;
messages.sendEncryptedFile flags:# peer:InputEncryptedChat random_id:long data:bytes file:InputEncryptedFile
= messages.SentEncryptedMessage;
messages.sendEncryptedService peer:InputEncryptedChat random_id:long data:bytes =
messages.SentEncryptedMessage;
messages.sendMedia flags:# peer:InputPeer reply_to_msg_id:flags.0?int media:InputMedia message:string
random_id:long reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity>
schedule_date:flags.10?int send_as:flags.13?InputPeer = Updates;
messages.sendMedia flags:# peer:InputPeer reply_to_msg_id:flags.0?int top_msg_id:flags.9?int media:InputMedia
message:string random_id:long reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity>
schedule_date:flags.10?int send_as:flags.13?InputPeer = Updates;
messages.sendMedia flags:# peer:InputPeer reply_to:flags.0?InputReplyTo media:InputMedia message:string
random_id:long reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity>
schedule_date:flags.10?int send_as:flags.13?InputPeer = Updates;
messages.sendMedia flags:# peer:InputPeer reply_to:flags.0?InputReplyTo media:InputMedia message:string
random_id:long reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity>
schedule_date:flags.10?int send_as:flags.13?InputPeer quick_reply_shortcut:flags.17?InputQuickReplyShortcut
effect:flags.18?long = Updates;
messages.sendMedia flags:# peer:InputPeer reply_to:flags.0?InputReplyTo media:InputMedia message:string
random_id:long reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity>
schedule_date:flags.10?int send_as:flags.13?InputPeer quick_reply_shortcut:flags.17?InputQuickReplyShortcut
effect:flags.18?long allow_paid_stars:flags.21?long suggested_post:flags.22?SuggestedPost = Updates;
messages.sendMedia flags:# peer:InputPeer reply_to:flags.0?InputReplyTo media:InputMedia message:string
random_id:long reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity>
schedule_date:flags.10?int schedule_repeat_period:flags.24?int send_as:flags.13?InputPeer
quick_reply_shortcut:flags.17?InputQuickReplyShortcut effect:flags.18?long allow_paid_stars:flags.21?long
suggested_post:flags.22?SuggestedPost = Updates;
messages.sendMessage flags:# peer:InputPeer reply_to_msg_id:flags.0?int message:string random_id:long
reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity> schedule_date:flags.10?int
send_as:flags.13?InputPeer = Updates;
messages.sendMessage flags:# peer:InputPeer reply_to_msg_id:flags.0?int top_msg_id:flags.9?int message:string
random_id:long reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity>
schedule_date:flags.10?int send_as:flags.13?InputPeer = Updates;
messages.sendMessage flags:# peer:InputPeer reply_to:flags.0?InputReplyTo message:string random_id:long
reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity> schedule_date:flags.10?int
send_as:flags.13?InputPeer = Updates;
messages.sendMessage flags:# peer:InputPeer reply_to:flags.0?InputReplyTo message:string random_id:long
reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity> schedule_date:flags.10?int
send_as:flags.13?InputPeer quick_reply_shortcut:flags.17?InputQuickReplyShortcut effect:flags.18?long =
Updates;
messages.sendMessage flags:# peer:InputPeer reply_to:flags.0?InputReplyTo message:string random_id:long
reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity> schedule_date:flags.10?int
send_as:flags.13?InputPeer quick_reply_shortcut:flags.17?InputQuickReplyShortcut effect:flags.18?long
allow_paid_stars:flags.21?long suggested_post:flags.22?SuggestedPost = Updates;
messages.sendMessage flags:# peer:InputPeer reply_to:flags.0?InputReplyTo message:string random_id:long
reply_markup:flags.2?ReplyMarkup entities:flags.3?Vector<MessageEntity> schedule_date:flags.10?int
schedule_repeat_period:flags.24?int send_as:flags.13?InputPeer
quick_reply_shortcut:flags.17?InputQuickReplyShortcut effect:flags.18?long allow_paid_stars:flags.21?long
suggested_post:flags.22?SuggestedPost rich_message:flags.23?InputRichMessage = Updates;
messages.sendMultiMedia flags:# peer:InputPeer reply_to:flags.0?InputReplyTo
multi_media:Vector<InputSingleMedia> schedule_date:flags.10?int send_as:flags.13?InputPeer
quick_reply_shortcut:flags.17?InputQuickReplyShortcut effect:flags.18?long = Updates;
messages.sendMultiMedia flags:# peer:InputPeer reply_to:flags.0?InputReplyTo
multi_media:Vector<InputSingleMedia> schedule_date:flags.10?int send_as:flags.13?InputPeer
quick_reply_shortcut:flags.17?InputQuickReplyShortcut effect:flags.18?long allow_paid_stars:flags.21?long =
Updates;
messages.setTyping flags:# peer:InputPeer top_msg_id:flags.0?int action:SendMessageAction = Bool;
"""
