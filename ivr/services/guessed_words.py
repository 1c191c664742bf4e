"""Words that passwords chosen in China, and at this line, are made of.

They join zxcvbn's own lists (30,000 leaked passwords, English words and names) as what a guesser
tries first: numbers that are read as words (5201314 sounds like 我爱你一生一世), pinyin phrases,
common surnames and given names, places, and the words of a town's office. Chosen by hand; no list
of others is copied.
"""

from __future__ import annotations

NUMBERS = """
    5201314 52013145 5201314520 1314520 1314521 5211314 520520 521521 520 521 1314 7758521 7758258
    147258369 147258 369258147 123321 321321 112233 223344 778899 159357 789456123 456123 110110 119
    120 12306 10086 10010 12345 12315 12388 123456 1234567 12345678 123456789 1234567890 987654321
    88888888 66666666 99999999 11111111 00000000 888 666 999 168 518 1688 5188 131421 5845201314
"""
PINYIN = """
    woaini woaini1314 woaini520 woaiwojia woaiziji woaibaobao woaizhongguo woaibeijing woshishui
    woshiwo wojiushiwo wozhiaini ainiyiwannian aini nihao nihaoma mima mimashi wodemima woyaomima
    caonima buzhidao meiyoumima zhendehenaini shengrikuaile xinniankuaile gongxifacai pingan
    jiankang xingfu kuaile baobei baobao laopo laogong mama baba gege jiejie didi meimei tiantian
    zhongguo zhonghua beijing shanghai guangzhou shenzhen tianjin chongqing hangzhou nanjing wuhan
    chengdu xian suzhou zhengzhou changsha qingdao dalian xiamen jinan shenyang haerbin kunming
    a123456 a12345678 q123456 qq123456 zxc123 asd123 abc123 aa123456 qwe123 wang123 li123
    password passw0rd qwerty admin root test guest welcome letmein iloveyou
"""
SURNAMES = """
    wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang
    xie song tang deng han feng cao peng zeng xiao tian dong pan yuan cai jiang yu du ye cheng wei
    su lv lu ding ren yao fang shi fu jin fan liao shen zhong xiong meng bai qiu qin cui tan gu kong
    shao wan qian hou duan lei tao mao dai hao long he gong wen pang lai chang qi shao wu mo
"""
NAMES = """
    yichen yinuo yize muchen haoyu zixuan zihan zimo xinyi ruoxi wei fang na min jing qiang lei jun
    yang yong yan jie tao ming chao xia ping gang xiuying guiying xiulan jianguo jianjun zhiqiang
    haoran yuxuan zhangwei wangwei wangfang liwei liu lina zhangmin lijing wangjing liuwei zhangli
"""
THE_LINE = """
    minsheng rexian minshengrexian shimin fuwu zhengfu shizhengfu zhengwu zhengwufuwu bangong
    bangongshi guanli guanliyuan xitong kefu zuoxi dianhua tousu administrator hotline
"""
CHINESE = """
    我爱你 我爱 密码 我的密码 民声热线 民声 热线 你好 中国 北京 新年快乐 恭喜发财 生日快乐 政府 市民
"""

WORDS: tuple[str, ...] = tuple(
    dict.fromkeys(" ".join((NUMBERS, PINYIN, THE_LINE, CHINESE, SURNAMES, NAMES)).split())
)
