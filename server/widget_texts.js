// What the widget says by itself, in English and Chinese; answers come from the assistant.
const TEXTS = {
  en: {
    about: "Shop assistant", fresh: "New conversation", shut: "Close the chat", message: "Your message",
    placeholder: "Ask about products or an order …", send: "Send", stop: "Stop", stopped: "Stopped.",
    log: "Conversation", you: "You", assistant: "Assistant", thinking: "One moment …", examples: "Try one of these",
    suggestions: "Suggestions", replies: "Replies", looking: "Looking for", remove: (label) => `Remove: ${label}`,
    removed: (label) => `Without “${label}”`, drop: (labels) => `Drop “${labels}”`, and: "” and “", items: (n) => (n === 1 ? "1 item" : `${n} items`),
    why: "Why this one", like: "I like this", dislike: "Not for me", liked: "Noted: more like this.",
    disliked: "Noted: less like this.", add: "Add to cart", added: (n) => `Add number ${n} to my cart`, open: "View",
    opens: "opens the shop’s page", sponsored: "Sponsored", price: "Price on request", sources: "Sources",
    yes: "Yes, do it", yesSays: "Yes", no: "No, leave it", noSays: "No", confirm: "Please check before anything changes",
    handoff: "A colleague takes over", handoffText: "Your conversation has been passed on. You can keep writing here; a person will answer.",
    checkout: "Go to checkout", failed: "That did not work. Nothing you said is lost.", offline: "No connection to the shop right now.",
    retry: "Try again", busy: "Many people are asking right now. Please try again in a moment.",
  },
  zh: {
    about: "店铺导购", fresh: "新对话", shut: "关闭对话", message: "您的消息",
    placeholder: "想找什么商品,或查询订单……", send: "发送", stop: "停止", stopped: "已停止。",
    log: "对话", you: "您", assistant: "导购", thinking: "请稍等……", examples: "可以这样问",
    suggestions: "推荐", replies: "快捷回复", looking: "当前条件", remove: (label) => `移除:${label}`,
    removed: (label) => `去掉“${label}”`, drop: (labels) => `去掉“${labels}”`, and: "”和“", items: (n) => `${n} 件`,
    why: "为什么推荐", like: "喜欢", dislike: "不合适", liked: "已记下,会多推荐类似的。",
    disliked: "已记下,会少推荐类似的。", add: "加入购物车", added: (n) => `把第${n}个加入购物车`, open: "查看",
    opens: "打开商店页面", sponsored: "赞助", price: "价格请咨询", sources: "依据",
    yes: "是的,请办理", yesSays: "是的", no: "不,先不改", noSays: "不用了", confirm: "更改之前,请您核对",
    handoff: "已转人工客服", handoffText: "对话已转交同事。您可以继续留言,客服人员会回复您。",
    checkout: "去结算", failed: "刚才没有成功,您说的内容没有丢失。", offline: "暂时连接不到商店。",
    retry: "重试", busy: "现在咨询的人很多,请稍后再试。",
  },
};

export const language = (tag) => (/^zh/i.test(tag || "") ? "zh" : "en");
export const texts = (tag) => TEXTS[language(tag)];

export function money(amount, currency, tag) {
  if (amount === null || amount === undefined) return texts(tag).price;
  const digits = Number.isInteger(amount) ? { minimumFractionDigits: 0 } : {};
  try {
    return new Intl.NumberFormat(language(tag) === "zh" ? "zh-CN" : "en-US", { style: "currency", currency, currencyDisplay: "narrowSymbol", ...digits }).format(amount);
  } catch { // no currency, or none that is known
    return `${amount.toLocaleString()} ${currency || ""}`.trim();
  }
}
