"""What is said inside MTProto, as lines of Telegram's own schema: objects.

Only what carries messages, or says what else leaves the phone; layers 143 to 229, the newest of a name
last. Fields that are only a flag are left out, as in the checksum: the number of a constructor is the CRC-32
of its line, so that a line with a slip is never met. core.telegram.org/schema, as client libraries carry it
(the schema files of Pyrogram, kurigram and GramJS; read 2026-11-21).
"""

OBJECTS = """\
document flags:# id:long access_hash:long file_reference:bytes date:int mime_type:string size:long
thumbs:flags.0?Vector<PhotoSize> video_thumbs:flags.1?Vector<VideoSize> dc_id:int
attributes:Vector<DocumentAttribute> = Document;
documentAttributeAnimated = DocumentAttribute;
documentAttributeAudio flags:# duration:int title:flags.0?string performer:flags.1?string
waveform:flags.2?bytes = DocumentAttribute;
documentAttributeFilename file_name:string = DocumentAttribute;
documentAttributeHasStickers = DocumentAttribute;
documentAttributeImageSize w:int h:int = DocumentAttribute;
documentAttributeSticker flags:# alt:string stickerset:InputStickerSet mask_coords:flags.0?MaskCoords =
DocumentAttribute;
documentAttributeVideo flags:# duration:int w:int h:int = DocumentAttribute;
documentAttributeVideo flags:# duration:double w:int h:int preload_prefix_size:flags.2?int =
DocumentAttribute;
documentAttributeVideo flags:# duration:double w:int h:int preload_prefix_size:flags.2?int
video_start_ts:flags.4?double video_codec:flags.5?string = DocumentAttribute;
encryptedChat id:int access_hash:long date:int admin_id:long participant_id:long g_a_or_b:bytes
key_fingerprint:long = EncryptedChat;
encryptedChatDiscarded flags:# id:int = EncryptedChat;
encryptedChatEmpty id:int = EncryptedChat;
encryptedChatRequested flags:# folder_id:flags.0?int id:int access_hash:long date:int admin_id:long
participant_id:long g_a:bytes = EncryptedChat;
encryptedChatWaiting id:int access_hash:long date:int admin_id:long participant_id:long = EncryptedChat;
encryptedFile id:long access_hash:long size:long dc_id:int key_fingerprint:int = EncryptedFile;
encryptedFileEmpty = EncryptedFile;
encryptedMessage random_id:long chat_id:int date:int bytes:bytes file:EncryptedFile = EncryptedMessage;
encryptedMessageService random_id:long chat_id:int date:int bytes:bytes = EncryptedMessage;
geoPoint flags:# long:double lat:double access_hash:long accuracy_radius:flags.0?int = GeoPoint;
inputClientProxy address:string port:int = InputClientProxy;
inputDocument id:long access_hash:long file_reference:bytes = InputDocument;
inputEncryptedChat chat_id:int access_hash:long = InputEncryptedChat;
inputFile id:long parts:int name:string md5_checksum:string = InputFile;
inputFileBig id:long parts:int name:string = InputFile;
inputGeoPoint flags:# lat:double long:double accuracy_radius:flags.0?int = InputGeoPoint;
inputMediaContact phone_number:string first_name:string last_name:string vcard:string = InputMedia;
inputMediaDocument flags:# id:InputDocument ttl_seconds:flags.0?int query:flags.1?string = InputMedia;
inputMediaDocument flags:# id:InputDocument video_cover:flags.3?InputPhoto video_timestamp:flags.4?int
ttl_seconds:flags.0?int query:flags.1?string = InputMedia;
inputMediaEmpty = InputMedia;
inputMediaGeoPoint geo_point:InputGeoPoint = InputMedia;
inputMediaPhoto flags:# id:InputPhoto ttl_seconds:flags.0?int = InputMedia;
inputMediaPhoto flags:# id:InputPhoto ttl_seconds:flags.0?int video:flags.2?InputDocument = InputMedia;
inputMediaUploadedDocument flags:# file:InputFile thumb:flags.2?InputFile mime_type:string
attributes:Vector<DocumentAttribute> stickers:flags.0?Vector<InputDocument> ttl_seconds:flags.1?int =
InputMedia;
inputMediaUploadedDocument flags:# file:InputFile thumb:flags.2?InputFile mime_type:string
attributes:Vector<DocumentAttribute> stickers:flags.0?Vector<InputDocument> video_cover:flags.6?InputPhoto
video_timestamp:flags.7?int ttl_seconds:flags.1?int = InputMedia;
inputMediaUploadedPhoto flags:# file:InputFile stickers:flags.0?Vector<InputDocument> ttl_seconds:flags.1?int
= InputMedia;
inputMediaUploadedPhoto flags:# file:InputFile stickers:flags.0?Vector<InputDocument> ttl_seconds:flags.1?int
video:flags.3?InputDocument = InputMedia;
inputMediaWebPage flags:# url:string = InputMedia;
inputMessageEntityMentionName offset:int length:int user_id:InputUser = MessageEntity;
inputPeerChannel channel_id:long access_hash:long = InputPeer;
inputPeerChannelFromMessage peer:InputPeer msg_id:int channel_id:long = InputPeer;
inputPeerChat chat_id:long = InputPeer;
inputPeerEmpty = InputPeer;
inputPeerSelf = InputPeer;
inputPeerUser user_id:long access_hash:long = InputPeer;
inputPeerUserFromMessage peer:InputPeer msg_id:int user_id:long = InputPeer;
inputPhoneContact client_id:long phone:string first_name:string last_name:string = InputContact;
inputPhoneContact flags:# client_id:long phone:string first_name:string last_name:string
note:flags.0?TextWithEntities = InputContact;
inputPhoto id:long access_hash:long file_reference:bytes = InputPhoto;
inputReplyToEphemeralMessage id:int = InputReplyTo;
inputReplyToMessage flags:# reply_to_msg_id:int top_msg_id:flags.0?int = InputReplyTo;
inputReplyToMessage flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer
quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> quote_offset:flags.4?int =
InputReplyTo;
inputReplyToMessage flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer
quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> quote_offset:flags.4?int
monoforum_peer_id:flags.5?InputPeer todo_item_id:flags.6?int = InputReplyTo;
inputReplyToMessage flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer
quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> quote_offset:flags.4?int
monoforum_peer_id:flags.5?InputPeer todo_item_id:flags.6?int poll_option:flags.7?bytes = InputReplyTo;
inputReplyToMonoForum monoforum_peer_id:InputPeer = InputReplyTo;
inputReplyToStory user_id:InputUser story_id:int = InputReplyTo;
inputReplyToStory peer:InputPeer story_id:int = InputReplyTo;
inputSingleMedia flags:# media:InputMedia random_id:long message:string
entities:flags.0?Vector<MessageEntity> = InputSingleMedia;
inputStickerSetEmpty = InputStickerSet;
inputStickerSetID id:long access_hash:long = InputStickerSet;
inputStickerSetShortName short_name:string = InputStickerSet;
inputUser user_id:long access_hash:long = InputUser;
inputUserSelf = InputUser;
jsonArray value:Vector<JSONValue> = JSONValue;
jsonBool value:Bool = JSONValue;
jsonNull = JSONValue;
jsonNumber value:double = JSONValue;
jsonObject value:Vector<JSONObjectValue> = JSONValue;
jsonObjectValue key:string value:JSONValue = JSONObjectValue;
jsonString value:string = JSONValue;
message flags:# id:int from_id:flags.8?Peer peer_id:Peer fwd_from:flags.2?MessageFwdHeader
via_bot_id:flags.11?long reply_to:flags.3?MessageReplyHeader date:int message:string
media:flags.9?MessageMedia reply_markup:flags.6?ReplyMarkup entities:flags.7?Vector<MessageEntity>
views:flags.10?int forwards:flags.10?int replies:flags.23?MessageReplies edit_date:flags.15?int
post_author:flags.16?string grouped_id:flags.17?long reactions:flags.20?MessageReactions
restriction_reason:flags.22?Vector<RestrictionReason> ttl_period:flags.25?int = Message;
message flags:# flags2:# id:int from_id:flags.8?Peer from_boosts_applied:flags.29?int peer_id:Peer
saved_peer_id:flags.28?Peer fwd_from:flags.2?MessageFwdHeader via_bot_id:flags.11?long
via_business_bot_id:flags2.0?long reply_to:flags.3?MessageReplyHeader date:int message:string
media:flags.9?MessageMedia reply_markup:flags.6?ReplyMarkup entities:flags.7?Vector<MessageEntity>
views:flags.10?int forwards:flags.10?int replies:flags.23?MessageReplies edit_date:flags.15?int
post_author:flags.16?string grouped_id:flags.17?long reactions:flags.20?MessageReactions
restriction_reason:flags.22?Vector<RestrictionReason> ttl_period:flags.25?int
quick_reply_shortcut_id:flags.30?int effect:flags2.2?long factcheck:flags2.3?FactCheck = Message;
message flags:# flags2:# id:int from_id:flags.8?Peer from_boosts_applied:flags.29?int peer_id:Peer
saved_peer_id:flags.28?Peer fwd_from:flags.2?MessageFwdHeader via_bot_id:flags.11?long
via_business_bot_id:flags2.0?long reply_to:flags.3?MessageReplyHeader date:int message:string
media:flags.9?MessageMedia reply_markup:flags.6?ReplyMarkup entities:flags.7?Vector<MessageEntity>
views:flags.10?int forwards:flags.10?int replies:flags.23?MessageReplies edit_date:flags.15?int
post_author:flags.16?string grouped_id:flags.17?long reactions:flags.20?MessageReactions
restriction_reason:flags.22?Vector<RestrictionReason> ttl_period:flags.25?int
quick_reply_shortcut_id:flags.30?int effect:flags2.2?long factcheck:flags2.3?FactCheck
report_delivery_until_date:flags2.5?int = Message;
message flags:# flags2:# id:int from_id:flags.8?Peer from_boosts_applied:flags.29?int peer_id:Peer
saved_peer_id:flags.28?Peer fwd_from:flags.2?MessageFwdHeader via_bot_id:flags.11?long
via_business_bot_id:flags2.0?long reply_to:flags.3?MessageReplyHeader date:int message:string
media:flags.9?MessageMedia reply_markup:flags.6?ReplyMarkup entities:flags.7?Vector<MessageEntity>
views:flags.10?int forwards:flags.10?int replies:flags.23?MessageReplies edit_date:flags.15?int
post_author:flags.16?string grouped_id:flags.17?long reactions:flags.20?MessageReactions
restriction_reason:flags.22?Vector<RestrictionReason> ttl_period:flags.25?int
quick_reply_shortcut_id:flags.30?int effect:flags2.2?long factcheck:flags2.3?FactCheck
report_delivery_until_date:flags2.5?int paid_message_stars:flags2.6?long
suggested_post:flags2.7?SuggestedPost = Message;
message flags:# flags2:# id:int from_id:flags.8?Peer from_boosts_applied:flags.29?int
from_rank:flags2.12?string peer_id:Peer saved_peer_id:flags.28?Peer fwd_from:flags.2?MessageFwdHeader
via_bot_id:flags.11?long via_business_bot_id:flags2.0?long guestchat_via_from:flags2.19?Peer
reply_to:flags.3?MessageReplyHeader date:int message:string media:flags.9?MessageMedia
reply_markup:flags.6?ReplyMarkup entities:flags.7?Vector<MessageEntity> views:flags.10?int
forwards:flags.10?int replies:flags.23?MessageReplies edit_date:flags.15?int post_author:flags.16?string
grouped_id:flags.17?long reactions:flags.20?MessageReactions
restriction_reason:flags.22?Vector<RestrictionReason> ttl_period:flags.25?int
quick_reply_shortcut_id:flags.30?int effect:flags2.2?long factcheck:flags2.3?FactCheck
report_delivery_until_date:flags2.5?int paid_message_stars:flags2.6?long
suggested_post:flags2.7?SuggestedPost schedule_repeat_period:flags2.10?int
summary_from_language:flags2.11?string rich_message:flags2.13?RichMessage = Message;
messageEmpty flags:# id:int peer_id:flags.0?Peer = Message;
messageEntityBankCard offset:int length:int = MessageEntity;
messageEntityBlockquote offset:int length:int = MessageEntity;
messageEntityBlockquote flags:# offset:int length:int = MessageEntity;
messageEntityBold offset:int length:int = MessageEntity;
messageEntityBotCommand offset:int length:int = MessageEntity;
messageEntityCashtag offset:int length:int = MessageEntity;
messageEntityCode offset:int length:int = MessageEntity;
messageEntityCustomEmoji offset:int length:int document_id:long = MessageEntity;
messageEntityDiffDelete offset:int length:int = MessageEntity;
messageEntityDiffInsert offset:int length:int = MessageEntity;
messageEntityDiffReplace offset:int length:int old_text:string = MessageEntity;
messageEntityEmail offset:int length:int = MessageEntity;
messageEntityFormattedDate flags:# offset:int length:int date:int = MessageEntity;
messageEntityHashtag offset:int length:int = MessageEntity;
messageEntityItalic offset:int length:int = MessageEntity;
messageEntityMention offset:int length:int = MessageEntity;
messageEntityMentionName offset:int length:int user_id:long = MessageEntity;
messageEntityPhone offset:int length:int = MessageEntity;
messageEntityPre offset:int length:int language:string = MessageEntity;
messageEntitySpoiler offset:int length:int = MessageEntity;
messageEntityStrike offset:int length:int = MessageEntity;
messageEntityTextUrl offset:int length:int url:string = MessageEntity;
messageEntityUnderline offset:int length:int = MessageEntity;
messageEntityUnknown offset:int length:int = MessageEntity;
messageEntityUrl offset:int length:int = MessageEntity;
messageFwdHeader flags:# from_id:flags.0?Peer from_name:flags.5?string date:int channel_post:flags.2?int
post_author:flags.3?string saved_from_peer:flags.4?Peer saved_from_msg_id:flags.4?int psa_type:flags.6?string
= MessageFwdHeader;
messageFwdHeader flags:# from_id:flags.0?Peer from_name:flags.5?string date:int channel_post:flags.2?int
post_author:flags.3?string saved_from_peer:flags.4?Peer saved_from_msg_id:flags.4?int
saved_from_id:flags.8?Peer saved_from_name:flags.9?string saved_date:flags.10?int psa_type:flags.6?string =
MessageFwdHeader;
messageMediaContact phone_number:string first_name:string last_name:string vcard:string user_id:long =
MessageMedia;
messageMediaDocument flags:# document:flags.0?Document ttl_seconds:flags.2?int = MessageMedia;
messageMediaDocument flags:# document:flags.0?Document alt_document:flags.5?Document ttl_seconds:flags.2?int
= MessageMedia;
messageMediaDocument flags:# document:flags.0?Document alt_documents:flags.5?Vector<Document>
ttl_seconds:flags.2?int = MessageMedia;
messageMediaDocument flags:# document:flags.0?Document alt_documents:flags.5?Vector<Document>
video_cover:flags.9?Photo video_timestamp:flags.10?int ttl_seconds:flags.2?int = MessageMedia;
messageMediaEmpty = MessageMedia;
messageMediaGeo geo:GeoPoint = MessageMedia;
messageMediaPhoto flags:# photo:flags.0?Photo ttl_seconds:flags.2?int = MessageMedia;
messageMediaPhoto flags:# photo:flags.0?Photo ttl_seconds:flags.2?int video:flags.4?Document = MessageMedia;
messageReplies flags:# replies:int replies_pts:int recent_repliers:flags.1?Vector<Peer>
channel_id:flags.0?long max_id:flags.2?int read_max_id:flags.3?int = MessageReplies;
messageReplyHeader flags:# reply_to_msg_id:int reply_to_peer_id:flags.0?Peer reply_to_top_id:flags.1?int =
MessageReplyHeader;
messageReplyHeader flags:# reply_to_msg_id:flags.4?int reply_to_peer_id:flags.0?Peer
reply_from:flags.5?MessageFwdHeader reply_media:flags.8?MessageMedia reply_to_top_id:flags.1?int
quote_text:flags.6?string quote_entities:flags.7?Vector<MessageEntity> quote_offset:flags.10?int =
MessageReplyHeader;
messageReplyHeader flags:# reply_to_msg_id:flags.4?int reply_to_peer_id:flags.0?Peer
reply_from:flags.5?MessageFwdHeader reply_media:flags.8?MessageMedia reply_to_top_id:flags.1?int
quote_text:flags.6?string quote_entities:flags.7?Vector<MessageEntity> quote_offset:flags.10?int
todo_item_id:flags.11?int = MessageReplyHeader;
messageReplyHeader flags:# reply_to_msg_id:flags.4?int reply_to_peer_id:flags.0?Peer
reply_from:flags.5?MessageFwdHeader reply_media:flags.8?MessageMedia reply_to_top_id:flags.1?int
quote_text:flags.6?string quote_entities:flags.7?Vector<MessageEntity> quote_offset:flags.10?int
todo_item_id:flags.11?int poll_option:flags.12?bytes = MessageReplyHeader;
messageReplyStoryHeader user_id:long story_id:int = MessageReplyHeader;
messageReplyStoryHeader peer:Peer story_id:int = MessageReplyHeader;
messages.channelMessages flags:# pts:int count:int offset_id_offset:flags.2?int messages:Vector<Message>
chats:Vector<Chat> users:Vector<User> = messages.Messages;
messages.channelMessages flags:# pts:int count:int offset_id_offset:flags.2?int messages:Vector<Message>
topics:Vector<ForumTopic> chats:Vector<Chat> users:Vector<User> = messages.Messages;
messages.messages messages:Vector<Message> chats:Vector<Chat> users:Vector<User> = messages.Messages;
messages.messages messages:Vector<Message> topics:Vector<ForumTopic> chats:Vector<Chat> users:Vector<User> =
messages.Messages;
messages.messagesSlice flags:# count:int next_rate:flags.0?int offset_id_offset:flags.2?int
messages:Vector<Message> chats:Vector<Chat> users:Vector<User> = messages.Messages;
messages.messagesSlice flags:# count:int next_rate:flags.0?int offset_id_offset:flags.2?int
search_flood:flags.3?SearchPostsFlood messages:Vector<Message> chats:Vector<Chat> users:Vector<User> =
messages.Messages;
messages.messagesSlice flags:# count:int next_rate:flags.0?int offset_id_offset:flags.2?int
search_flood:flags.3?SearchPostsFlood messages:Vector<Message> topics:Vector<ForumTopic> chats:Vector<Chat>
users:Vector<User> = messages.Messages;
messages.sentEncryptedFile date:int file:EncryptedFile = messages.SentEncryptedMessage;
messages.sentEncryptedMessage date:int = messages.SentEncryptedMessage;
messageService flags:# id:int from_id:flags.8?Peer peer_id:Peer reply_to:flags.3?MessageReplyHeader date:int
action:MessageAction ttl_period:flags.25?int = Message;
messageService flags:# id:int from_id:flags.8?Peer peer_id:Peer reply_to:flags.3?MessageReplyHeader date:int
action:MessageAction reactions:flags.20?MessageReactions ttl_period:flags.25?int = Message;
messageService flags:# id:int from_id:flags.8?Peer peer_id:Peer saved_peer_id:flags.28?Peer
reply_to:flags.3?MessageReplyHeader date:int action:MessageAction reactions:flags.20?MessageReactions
ttl_period:flags.25?int = Message;
peerChannel channel_id:long = Peer;
peerChat chat_id:long = Peer;
peerUser user_id:long = Peer;
photo flags:# id:long access_hash:long file_reference:bytes date:int sizes:Vector<PhotoSize>
video_sizes:flags.1?Vector<VideoSize> dc_id:int = Photo;
photoCachedSize type:string w:int h:int bytes:bytes = PhotoSize;
photoPathSize type:string bytes:bytes = PhotoSize;
photoSize type:string w:int h:int size:int = PhotoSize;
photoSizeEmpty type:string = PhotoSize;
photoSizeProgressive type:string w:int h:int sizes:Vector<int> = PhotoSize;
photoStrippedSize type:string bytes:bytes = PhotoSize;
restrictionReason platform:string reason:string text:string = RestrictionReason;
sendMessageCancelAction = SendMessageAction;
sendMessageTypingAction = SendMessageAction;
textWithEntities text:string entities:Vector<MessageEntity> = TextWithEntities;
updateChannelUserTyping flags:# channel_id:long top_msg_id:flags.0?int from_id:Peer action:SendMessageAction
= Update;
updateChatUserTyping chat_id:long from_id:Peer action:SendMessageAction = Update;
updateDeleteChannelMessages channel_id:long messages:Vector<int> pts:int pts_count:int = Update;
updateDeleteMessages messages:Vector<int> pts:int pts_count:int = Update;
updateEditChannelMessage message:Message pts:int pts_count:int = Update;
updateEditMessage message:Message pts:int pts_count:int = Update;
updateEncryptedChatTyping chat_id:int = Update;
updateEncryptedMessagesRead chat_id:int max_date:int date:int = Update;
updateEncryption chat:EncryptedChat date:int = Update;
updateNewChannelMessage message:Message pts:int pts_count:int = Update;
updateNewEncryptedMessage message:EncryptedMessage qts:int = Update;
updateNewMessage message:Message pts:int pts_count:int = Update;
updateNewScheduledMessage message:Message = Update;
updateReadChannelInbox flags:# folder_id:flags.0?int channel_id:long max_id:int still_unread_count:int
pts:int = Update;
updateReadChannelOutbox channel_id:long max_id:int = Update;
updateReadHistoryInbox flags:# folder_id:flags.0?int peer:Peer max_id:int still_unread_count:int pts:int
pts_count:int = Update;
updateReadHistoryInbox flags:# folder_id:flags.0?int peer:Peer top_msg_id:flags.1?int max_id:int
still_unread_count:int pts:int pts_count:int = Update;
updateReadHistoryOutbox peer:Peer max_id:int pts:int pts_count:int = Update;
updates updates:Vector<Update> users:Vector<User> chats:Vector<Chat> date:int seq:int = Updates;
updatesCombined updates:Vector<Update> users:Vector<User> chats:Vector<Chat> date:int seq_start:int seq:int =
Updates;
updateShort update:Update date:int = Updates;
updateShortChatMessage flags:# id:int from_id:long chat_id:long message:string pts:int pts_count:int date:int
fwd_from:flags.2?MessageFwdHeader via_bot_id:flags.11?long reply_to:flags.3?MessageReplyHeader
entities:flags.7?Vector<MessageEntity> ttl_period:flags.25?int = Updates;
updateShortMessage flags:# id:int user_id:long message:string pts:int pts_count:int date:int
fwd_from:flags.2?MessageFwdHeader via_bot_id:flags.11?long reply_to:flags.3?MessageReplyHeader
entities:flags.7?Vector<MessageEntity> ttl_period:flags.25?int = Updates;
updateShortSentMessage flags:# id:int pts:int pts_count:int date:int media:flags.9?MessageMedia
entities:flags.7?Vector<MessageEntity> ttl_period:flags.25?int = Updates;
updatesTooLong = Updates;
updateUserStatus user_id:long status:UserStatus = Update;
updateUserTyping user_id:long action:SendMessageAction = Update;
updateUserTyping flags:# user_id:long top_msg_id:flags.0?int action:SendMessageAction = Update;
userStatusEmpty = UserStatus;
userStatusLastMonth = UserStatus;
userStatusLastMonth flags:# = UserStatus;
userStatusLastWeek = UserStatus;
userStatusLastWeek flags:# = UserStatus;
userStatusOffline was_online:int = UserStatus;
userStatusOnline expires:int = UserStatus;
userStatusRecently = UserStatus;
userStatusRecently flags:# = UserStatus;
"""
